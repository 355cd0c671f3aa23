"""Make the clients, and guard what the OpenAPI document promises them."""
