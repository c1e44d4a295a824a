CREATE TABLE customer (
  id        VARCHAR(40) PRIMARY KEY,
  name      VARCHAR(80) NOT NULL,
  domain    VARCHAR(120),
  tier      VARCHAR(40),
  seats     INTEGER,
  arr       DECIMAL(12, 2),
  signed_up DATE
);
