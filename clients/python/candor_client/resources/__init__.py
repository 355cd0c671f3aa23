"""The operations, a module per resource, each written once for both clients."""
