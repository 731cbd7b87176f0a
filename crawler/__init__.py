"""Finds threads and brings them in: sources -> captures -> threads and posts.

sites/       what each kind of forum looks like: addresses, what to ask next, how to read an answer
door.py      the one door to the network: identity, robots.txt, rate limits, retries' causes, size limits
frontier.py  what to fetch, why, how often it was tried
ingest.py    a stored response becomes rows: the same road for a fresh answer and for a rebuild
crawl.py     the loop that ties them together
"""
