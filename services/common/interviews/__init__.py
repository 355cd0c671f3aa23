"""Pool the answers of one interview, and say what the pooled figures rest on."""
