"""Datasette's side: a read-only copy of the archive made for reading, its pages, and serving them.

`publish.build.build` makes the copy (pseudonymous, masked, safe to show), `publish.serve.serve` shows it. Nothing
here writes to the archive.
"""
