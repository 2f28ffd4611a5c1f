-- What is sold, or was. A plan never vanishes, because orders name it; `facts` is the whole plan as JSON, `terms` the part
-- that a sale makes final.
CREATE TABLE plan (
  id TEXT NOT NULL PRIMARY KEY,
  place BIGINT NOT NULL,
  facts TEXT NOT NULL,
  terms TEXT NOT NULL,
  sold_at BIGINT
);

-- One row, `current`: the regions, currencies and popular countries as JSON, and the digest of all that is on the shelf.
CREATE TABLE catalog_state (
  id TEXT NOT NULL PRIMARY KEY,
  facts TEXT NOT NULL,
  digest TEXT NOT NULL,
  applied_at BIGINT NOT NULL
);
