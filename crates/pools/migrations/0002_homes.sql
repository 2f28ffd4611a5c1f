-- Whoever shares a pool asks who would come home to it.
CREATE INDEX pool_member_home ON pool_member (home);
