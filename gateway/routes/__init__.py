"""One module per resource. Routes translate, call one function and return."""
