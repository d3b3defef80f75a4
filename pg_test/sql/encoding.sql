-- Text in another encoding than UTF8 could not be read: refused at once, with a way out.
CREATE DATABASE regress_latin1 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
\c regress_latin1
CREATE EXTENSION optimizer_workflow;
\c regress
DROP DATABASE regress_latin1;
