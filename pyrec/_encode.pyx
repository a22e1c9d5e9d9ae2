# cython: language_level=3, boundscheck=False, wraparound=False, freethreading_compatible=True
"""Arrow streams as columns: ids as dense codes, numbers and times as numpy arrays.

A stream is any object with ``__arrow_c_stream__``. The hash loops run without the GIL, one thread
a column, and batch by batch, so that a lazy stream is never in memory as a whole.
"""

cimport cython
from cpython.exc cimport PyErr_CheckSignals
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.string cimport memcpy, memset
from libcpp cimport bool as cbool
from libcpp.string cimport string
from libcpp.vector cimport vector

import os
from typing import NamedTuple

import numpy as np

from pyrec.errors import DataError


cdef extern from "<string_view>" namespace "std" nogil:
    cdef cppclass string_view:
        string_view()
        string_view(const char*, size_t)


cdef extern from "arrow_abi.hpp" nogil:
    ctypedef struct ArrowSchema:
        const char* format
        const char* name
        int64_t n_children
        ArrowSchema** children
        ArrowSchema* dictionary
        void (*release)(ArrowSchema*) noexcept nogil

    ctypedef struct ArrowArray:
        void (*release)(ArrowArray*) noexcept nogil

    ctypedef struct ArrowArrayStream:
        int (*get_schema)(ArrowArrayStream*, ArrowSchema*) noexcept nogil
        int (*get_next)(ArrowArrayStream*, ArrowArray*) noexcept nogil
        const char* (*get_last_error)(ArrowArrayStream*) noexcept nogil
        void (*release)(ArrowArrayStream*) noexcept nogil


cdef extern from "arrow_columns.hpp" namespace "pyrec" nogil:
    cdef cppclass IntegerStore:
        vector[int64_t] values

    cdef cppclass StringStore:
        vector[char] bytes
        vector[int64_t] offsets

    cdef cppclass Column:
        pass

    cdef cppclass IdColumn(Column):
        IdColumn(cbool as_text, uint64_t seed) except +
        void finish() except +
        vector[int32_t] codes
        cbool is_integer
        IntegerStore integers
        StringStore strings
        int64_t missing
        int64_t converted

    cdef cppclass NumberColumn(Column):
        NumberColumn() except +
        cbool is_real
        vector[int64_t] integers
        vector[double] reals
        vector[int64_t] missing

    cdef cppclass TimeColumn(NumberColumn):
        TimeColumn(string format) except +
        int meaning

    void read_batch(const ArrowSchema&, const ArrowArray&, const vector[Column*]&,
                    const vector[int64_t]&, int threads) except +


cdef extern from "adjacency.hpp" namespace "pyrec" nogil:
    cdef cppclass Adjacency:
        vector[int64_t] users
        vector[int64_t] offsets
        vector[int64_t] items

    Adjacency parse_adjacency_ "pyrec::parse_adjacency"(string_view) except +


class StreamError(Exception):
    """The producer of a stream failed; the message is its own."""


class Ids(NamedTuple):
    """A column of ids: the distinct ones in increasing order, and for each row its code."""

    codes: object  # int32; -1 where the id is missing
    ids: object  # int64, or (bytes, offsets) of UTF-8 strings
    missing: int
    converted: int  # ids that had been written as floats: 17850.0


class Numbers(NamedTuple):
    """A column of numbers, int64 or float64, and the rows that have none (where it is 0)."""

    values: object
    missing: object


class Times(NamedTuple):
    """A column of times: microseconds, unless `meaning` is "number"."""

    values: object
    missing: object
    meaning: str  # "number", "local", "utc", or "" if no row has a time


ctypedef fused element:
    char
    int32_t
    int64_t
    double


cdef object _array(vector[element]& values, dtype):
    """Copy a vector to numpy and free it."""
    array = np.empty(values.size(), dtype)
    cdef element[::1] view = array
    if values.size():
        memcpy(&view[0], values.data(), values.size() * sizeof(element))
    vector[element]().swap(values)
    return array


def parse_adjacency(bytes text):
    """Return the users, offsets and items of lines ``user item item ...``.

    Raises
    ------
    DataError
        If a word is not an integer; names the line.
    """
    cdef Adjacency lists
    cdef string_view view = string_view(text, len(text))
    try:
        with nogil:
            lists = parse_adjacency_(view)
    except ValueError as error:
        raise DataError(str(error)) from None
    return tuple(
        [
            _array[int64_t](lists.users, np.int64),
            _array[int64_t](lists.offsets, np.int64),
            _array[int64_t](lists.items, np.int64),
        ]
    )


cdef class _Collector:
    """Owns one column while it is read."""

    cdef Column* column

    def result(self):
        raise NotImplementedError


cdef class _IdCollector(_Collector):
    cdef IdColumn* ids

    def __cinit__(self, as_text):
        seed = int.from_bytes(os.urandom(8), "little")
        self.column = self.ids = new IdColumn(as_text, <uint64_t>seed)

    def __dealloc__(self):
        del self.ids

    def result(self):
        with nogil:
            self.ids.finish()
        if self.ids.is_integer:
            ids = _array[int64_t](self.ids.integers.values, np.int64)
        else:
            ids = (
                _array[char](self.ids.strings.bytes, np.int8).view(np.uint8),
                _array[int64_t](self.ids.strings.offsets, np.int64),
            )
        codes = _array[int32_t](self.ids.codes, np.int32)
        return Ids(codes, ids, self.ids.missing, self.ids.converted)


cdef class _NumberCollector(_Collector):
    cdef NumberColumn* numbers

    def __cinit__(self, option):
        if type(self) is _NumberCollector:
            self.column = self.numbers = new NumberColumn()

    def __dealloc__(self):
        del self.numbers

    def result(self):
        if self.numbers.is_real:
            values = _array[double](self.numbers.reals, np.float64)
        else:
            values = _array[int64_t](self.numbers.integers, np.int64)
        return Numbers(values, _array[int64_t](self.numbers.missing, np.int64))


cdef class _TimeCollector(_NumberCollector):
    def __cinit__(self, option):
        self.column = self.numbers = new TimeColumn((option or "").encode())

    def result(self):
        meaning = ("", "number", "local", "utc")[(<TimeColumn*> self.numbers).meaning]
        return Times(*super().result(), meaning)


_COLLECTORS = {"id": _IdCollector, "number": _NumberCollector, "time": _TimeCollector}


@cython.final
cdef class Stream:
    """Consumer of an Arrow stream of structs: a table in batches.

    Parameters
    ----------
    source : object
        Has ``__arrow_c_stream__``. Whatever that raises is raised here.
    """

    cdef object _capsule  # owns the stream
    cdef ArrowArrayStream* _stream
    cdef ArrowSchema _schema

    def __cinit__(self, source):
        memset(&self._schema, 0, sizeof(ArrowSchema))
        self._capsule = source.__arrow_c_stream__()
        self._stream = <ArrowArrayStream*> PyCapsule_GetPointer(
            self._capsule, "arrow_array_stream"
        )
        if self._stream.get_schema(self._stream, &self._schema):
            raise StreamError(self._error())

    def __dealloc__(self):
        if self._schema.release != NULL:
            self._schema.release(&self._schema)
        if self._stream != NULL and self._stream.release != NULL:
            self._stream.release(self._stream)

    @property
    def fields(self):
        """The columns: their names, and their formats in the Arrow C data interface."""
        cdef int64_t i
        cdef ArrowSchema* child
        cdef ArrowSchema* typed
        fields = []
        for i in range(self._schema.n_children):
            child = self._schema.children[i]
            typed = child.dictionary if child.dictionary != NULL else child
            fields.append((child.name.decode(), typed.format.decode()))
        return fields

    def read(self, wanted, int threads=1):
        """Read all batches and return the wanted columns.

        Parameters
        ----------
        wanted : list of (position, role, option)
            Roles are "id" (option: whether strings are text of which the type is to be found out),
            "number", and "time" (option: format of text, else ISO 8601).
        threads : int
            How many columns to read at the same time.

        Returns
        -------
        list of Ids, Numbers and Times

        Raises
        ------
        DataError
            If a value is not what its column is for; names column and row.
        StreamError
            If the producer fails.
        """
        cdef vector[int64_t] positions = [position for position, _, _ in wanted]
        collectors = [_COLLECTORS[role](option) for _, role, option in wanted]
        cdef vector[Column*] columns
        for collector in collectors:
            columns.push_back((<_Collector> collector).column)
        try:
            self._read(columns, positions, threads)
            return [collector.result() for collector in collectors]
        except ValueError as error:
            raise DataError(str(error)) from None

    cdef _read(self, vector[Column*]& columns, vector[int64_t]& positions, int threads):
        # A batch is kept until the next one has been read: see read_batch.
        cdef ArrowArray[2] batches
        cdef ArrowArray* batch
        cdef int turn = 0
        cdef int failed
        memset(batches, 0, sizeof(batches))
        try:
            while True:
                batch = &batches[turn]
                with nogil:
                    failed = self._stream.get_next(self._stream, batch)
                if failed:
                    raise StreamError(self._error())
                if batch.release == NULL:
                    return
                with nogil:
                    read_batch(self._schema, batch[0], columns, positions, threads)
                turn = 1 - turn
                if batches[turn].release != NULL:
                    batches[turn].release(&batches[turn])
                    batches[turn].release = NULL
                PyErr_CheckSignals()
        finally:
            for turn in range(2):
                if batches[turn].release != NULL:
                    batches[turn].release(&batches[turn])

    cdef str _error(self):
        cdef const char* message = self._stream.get_last_error(self._stream)
        return "the stream failed" if message == NULL else message.decode(errors="replace")
