"""Whole exports of the published copy: CSV, JSON, NDJSON and Parquet of a table, a question, a search or readers' SQL.

Datasette's own CSV is cut at a page or at 1,000 rows with status 200. Here the number of rows is known before the first
one is sent, all of them are delivered, and what cannot be delivered whole is refused. `selection` says which rows,
`reading` reads them, `formats` and `parquet` write them, `route` answers on the web, `bulk` makes files for download,
`dictionary` describes the columns.
"""
