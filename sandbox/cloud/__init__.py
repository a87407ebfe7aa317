"""A local Google Cloud: Google's real REST surface on 127.0.0.1, with state in one SQLite file.

`python -m sandbox.cloud` runs it. `core/` routes and validates from Google's own API descriptions and knows no
service. Each service is a folder: `__init__.py` says what it is made of (`SERVICE`), `models.py` holds its tables and
Google's rules, `handlers.py` one function for each API method it serves. What Google describes and no function serves
answers 501 UNIMPLEMENTED.
"""
