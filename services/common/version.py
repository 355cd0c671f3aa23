"""The version of Candor, written here alone.

It is that of the HTTP interface. The package, `candor --version`, the OpenAPI document and the Python client
follow it (`make openapi client-models`), and a test holds them to it.
"""

VERSION = "1.0.0"
