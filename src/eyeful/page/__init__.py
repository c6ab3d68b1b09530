"""The web page: classify, look inside, compare, a folder; everything stays on this machine.

`eyeful.page.serve.mount` puts it into an application that is there; `eyeful.page.serve.serve` runs it alone.
"""
