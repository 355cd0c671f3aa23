"""Model registry and the two runtimes (LiteRT in process, TF Serving over gRPC) behind one protocol."""
