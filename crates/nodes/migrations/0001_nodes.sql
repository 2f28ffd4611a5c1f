-- The heyon processes that share this database. `life` is one start of a node: what an earlier one of the same name
-- held is free. `lease` is raised again and again; whoever sees it stand still for too long calls the node dead.
-- `serves` is 0 for an operator's command, which comes and goes.
CREATE TABLE node (
    name TEXT NOT NULL PRIMARY KEY,
    life TEXT NOT NULL,
    address TEXT NOT NULL,
    serves BIGINT NOT NULL,
    lease BIGINT NOT NULL,
    started_at BIGINT NOT NULL
);
