"""The page that asks for the token."""

from __future__ import annotations

TOKEN_PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
)
TOKEN_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>diffecg studio</title>
<style>
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 15vh auto; max-width: 30rem; padding: 0 1rem; }
label { display: block; font-weight: 600; }
input, button { font: inherit; padding: .5rem .75rem; min-height: 44px; box-sizing: border-box; }
input { width: 100%; margin: .25rem 0 .75rem; }
</style>
</head>
<body>
<main>
<h1>diffecg studio</h1>
<p>This studio needs its token. It is in the address that <code>diffecg studio</code> printed when it started;
open that address, or enter the token here.</p>
<form method="get" action="/">
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="off" required autofocus>
<button>Open the studio</button>
</form>
</main>
</body>
</html>
"""
