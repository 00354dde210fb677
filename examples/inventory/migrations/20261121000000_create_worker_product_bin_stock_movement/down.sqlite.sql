-- step 1: drop movement; drop stock; drop bin; drop product; drop worker
DROP TABLE movement;
DROP TABLE stock;
DROP TABLE bin;
DROP TABLE product;
DROP TABLE worker;
