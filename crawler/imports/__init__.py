"""What people saved themselves, read as captures.

saved.py        what the readers give: saved pages, what was passed over, where a file is broken
detect.py       which reader a file is for, by what is in it
warc.py         WARC, plain or packed
wacz.py         WACZ (ArchiveWeb.page, browsertrix), also where its end is missing
har.py          HAR, of a browser's developer tools
page.py         a saved HTML page, plain or by SingleFile
topic_json.py   a Discourse topic's JSON
url_list.py     a list of addresses to crawl
take.py         into the archive: each capture once, and an account of the rest
"""
