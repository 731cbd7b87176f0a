"""Evidence packages: what a memo, a newsroom or a court needs of the archive, in one folder that proves itself.

`choosing` finds the posts, `gathering` their rows, with names or masked, `records` copies the WARC records that prove
them, `package` writes it all as a BagIt bag.
"""
