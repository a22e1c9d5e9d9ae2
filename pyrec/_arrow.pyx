# cython: language_level=3, freethreading_compatible=True
"""numpy arrays as Arrow schemas and streams in PyCapsules, without a library of Arrow.

A consumer may ask for batches and release them from any thread, with or without the GIL, so every
callback takes it. Nothing is copied: a batch keeps its arrays alive until it is released.
"""

cimport cython
from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_New
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.errno cimport EIO
from libc.stdint cimport int64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset, strdup
cimport numpy as cnp

cnp.import_array()


cdef extern from "arrow_abi.hpp":
    ctypedef struct ArrowSchema:
        const char* format
        const char* name
        int64_t flags
        int64_t n_children
        ArrowSchema** children
        void (*release)(ArrowSchema*) noexcept with gil

    ctypedef struct ArrowArray:
        int64_t length
        int64_t null_count
        int64_t offset
        int64_t n_buffers
        int64_t n_children
        const void** buffers
        ArrowArray** children
        void (*release)(ArrowArray*) noexcept with gil
        void* private_data

    ctypedef struct ArrowArrayStream:
        int (*get_schema)(ArrowArrayStream*, ArrowSchema*) noexcept with gil
        int (*get_next)(ArrowArrayStream*, ArrowArray*) noexcept with gil
        const char* (*get_last_error)(ArrowArrayStream*) noexcept with gil
        void (*release)(ArrowArrayStream*) noexcept with gil
        void* private_data


cdef enum:
    NULLABLE = 2  # ARROW_FLAG_NULLABLE


@cython.final
cdef class Producer:
    """Gives a stream its batches.

    Parameters
    ----------
    fields : list of (name, format)
        The columns, with the formats of the Arrow C data interface.
    batches : iterator of (length, columns)
        Each column is (number of nulls, [buffer or None, ...]), buffers being numpy arrays.
    """

    cdef list fields
    cdef object batches
    cdef readonly object error  # what `batches` raised
    cdef bytes message

    def __init__(self, list fields, batches):
        self.fields = fields
        self.batches = batches

    def stream(self):
        """Return the capsule of the stream; it can be consumed once."""
        cdef ArrowArrayStream* stream = <ArrowArrayStream*> _zeros(1, sizeof(ArrowArrayStream))
        stream.get_schema = _stream_schema
        stream.get_next = _stream_next
        stream.get_last_error = _stream_error
        stream.release = _release_stream
        stream.private_data = <void*> self
        Py_INCREF(self)
        return PyCapsule_New(stream, "arrow_array_stream", _free_stream)


def schema(list fields):
    """Return the capsule of a schema."""
    cdef ArrowSchema* root = <ArrowSchema*> _zeros(1, sizeof(ArrowSchema))
    _fill_schema(root, fields)
    return PyCapsule_New(root, "arrow_schema", _free_schema)


cdef void* _zeros(size_t count, size_t size) except NULL:
    cdef void* memory = calloc(max(1, count), size)
    if memory == NULL:
        raise MemoryError
    return memory


cdef int _fill_schema(ArrowSchema* root, list fields) except -1:
    cdef Py_ssize_t i
    cdef ArrowSchema* child
    memset(root, 0, sizeof(ArrowSchema))
    root.format = strdup(b"+s")
    root.name = strdup(b"")
    root.children = <ArrowSchema**> _zeros(len(fields), sizeof(ArrowSchema*))
    root.n_children = len(fields)
    root.release = _release_schema
    for i, (name, format_) in enumerate(fields):
        child = root.children[i] = <ArrowSchema*> _zeros(1, sizeof(ArrowSchema))
        child.format = strdup(<bytes> format_.encode())
        child.name = strdup(<bytes> name.encode())
        child.flags = NULLABLE
        child.release = _release_schema
    return 0


cdef void _release_schema(ArrowSchema* schema) noexcept with gil:
    cdef int64_t i
    for i in range(schema.n_children):
        # A consumer may have moved a child away; the memory of the structure stays ours.
        if schema.children[i].release != NULL:
            schema.children[i].release(schema.children[i])
        free(schema.children[i])
    free(schema.children)
    free(<void*> schema.format)
    free(<void*> schema.name)
    schema.release = NULL


cdef int _fill_batch(ArrowArray* root, int64_t length, list columns) except -1:
    cdef Py_ssize_t i
    cdef ArrowArray* child
    memset(root, 0, sizeof(ArrowArray))
    root.length = length
    root.n_buffers = 1
    root.buffers = <const void**> _zeros(1, sizeof(void*))
    root.children = <ArrowArray**> _zeros(len(columns), sizeof(ArrowArray*))
    root.n_children = len(columns)
    root.release = _release_array
    for i, (nulls, buffers) in enumerate(columns):
        child = root.children[i] = <ArrowArray*> _zeros(1, sizeof(ArrowArray))
        _fill_column(child, length, nulls, buffers)
    return 0


cdef int _fill_column(ArrowArray* column, int64_t length, int64_t nulls, list buffers) except -1:
    cdef Py_ssize_t i
    column.length = length
    column.null_count = nulls
    column.n_buffers = len(buffers)
    column.buffers = <const void**> _zeros(len(buffers), sizeof(void*))
    for i, buffer in enumerate(buffers):
        if buffer is not None:
            column.buffers[i] = cnp.PyArray_DATA(<cnp.ndarray> buffer)
    column.private_data = <void*> buffers
    Py_INCREF(buffers)
    column.release = _release_array
    return 0


cdef void _release_array(ArrowArray* array) noexcept with gil:
    cdef int64_t i
    for i in range(array.n_children):
        if array.children[i].release != NULL:
            array.children[i].release(array.children[i])
        free(array.children[i])
    free(array.children)
    free(array.buffers)
    if array.private_data != NULL:
        Py_DECREF(<object> array.private_data)
    array.release = NULL


cdef int _stream_schema(ArrowArrayStream* stream, ArrowSchema* out) noexcept with gil:
    producer = <Producer> stream.private_data
    try:
        _fill_schema(out, producer.fields)
        return 0
    except BaseException as error:
        return _failed(producer, error)


cdef int _stream_next(ArrowArrayStream* stream, ArrowArray* out) noexcept with gil:
    producer = <Producer> stream.private_data
    out.release = NULL
    try:
        batch = next(producer.batches, None)
        if batch is not None:
            length, columns = batch
            _fill_batch(out, length, columns)
        return 0
    except BaseException as error:  # also Ctrl-C: the consumer is told, and the caller finds it
        return _failed(producer, error)


cdef int _failed(Producer producer, error) noexcept:
    producer.error = error
    producer.message = f"{type(error).__name__}: {error}".encode(errors="replace")
    return EIO


cdef const char* _stream_error(ArrowArrayStream* stream) noexcept with gil:
    cdef bytes message = (<Producer> stream.private_data).message
    cdef const char* text = NULL
    if message is not None:
        text = message
    return text


cdef void _release_stream(ArrowArrayStream* stream) noexcept with gil:
    Py_DECREF(<Producer> stream.private_data)
    stream.release = NULL


cdef void _free_stream(object capsule) noexcept:
    cdef ArrowArrayStream* stream = <ArrowArrayStream*> PyCapsule_GetPointer(
        capsule, "arrow_array_stream"
    )
    if stream.release != NULL:
        stream.release(stream)
    free(stream)


cdef void _free_schema(object capsule) noexcept:
    cdef ArrowSchema* schema = <ArrowSchema*> PyCapsule_GetPointer(capsule, "arrow_schema")
    if schema.release != NULL:
        schema.release(schema)
    free(schema)
