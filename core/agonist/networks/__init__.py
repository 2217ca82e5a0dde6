"""Networks, in torch. Nothing outside networks/ and training/ imports this package: models are used through ONNX."""
