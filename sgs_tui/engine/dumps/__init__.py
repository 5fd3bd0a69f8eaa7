"""The dump file: grammar, index, tensors, text form, writer, shapes, health."""
