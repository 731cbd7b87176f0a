"""The ground floor: what the other rooms agree on.

The database schema is the contract between `crawler/`, `analysis/` and `publish/`, which never import each
other. Here are the schema and its migrations, the connection settings, the one-writer lock, the WARC store, the
text of a post as every room reads it, the errors and their exit codes.
"""
