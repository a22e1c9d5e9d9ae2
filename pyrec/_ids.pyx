# cython: language_level=3, boundscheck=False, wraparound=False, freethreading_compatible=True
"""The table by which a vocabulary finds its ids, and numpy strings from and to UTF-8 bytes."""

cimport cython
from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from libc.stdint cimport int32_t, int64_t, uint64_t, uint8_t
from libc.string cimport memcpy
from libcpp.vector cimport vector
cimport numpy as cnp

import os

import numpy as np

from pyrec.errors import DataError

cnp.import_array()


cdef extern from "<string_view>" namespace "std" nogil:
    cdef cppclass string_view:
        string_view()
        string_view(const char*, size_t)


cdef extern from "id_table.hpp" namespace "pyrec" nogil:
    cdef cppclass IntegerIds:
        const int64_t* values
        int64_t size

    cdef cppclass StringIds:
        const char* bytes
        const int64_t* offsets
        int64_t size

    cdef cppclass Table:
        const uint64_t* words
        int64_t size

    cdef cppclass IntegerStore:
        vector[int64_t] values

    cdef cppclass StringStore:
        vector[char] bytes
        vector[int64_t] offsets
        void append(string_view)

    int64_t table_size(int64_t n)
    int64_t fill_table(const IntegerIds&, uint64_t* words)
    int64_t fill_table(const StringIds&, uint64_t* words)
    int64_t find(const IntegerIds&, const Table&, int64_t key)
    int64_t find(const StringIds&, const Table&, string_view key)
    void find_all(const IntegerIds&, const Table&, const int64_t* keys, int64_t n, int32_t* rows)
    void find_all(const StringIds&, const Table&, const string_view* keys, int64_t n, int32_t* rows)
    void factorize(const int64_t* keys, int64_t n, uint64_t seed, int32_t* codes,
                   IntegerStore& distinct) except +
    void factorize(const string_view* keys, int64_t n, uint64_t seed, int32_t* codes,
                   StringStore& distinct) except +


@cython.final
cdef class Index:
    """Finds the rows of ids: the ids of a vocabulary and the table that stands beside them.

    Parameters
    ----------
    ids : int64 (n,), or (uint8 (b,), int64 (n + 1,))
        Integers, or strings as UTF-8 bytes and offsets.
    table : uint64, optional
        What `table` of an index of the same ids returned; else it is made.

    Raises
    ------
    DataError
        If an id is repeated, or the table cannot be one of these ids.
    """

    cdef readonly object table
    cdef readonly bint is_integer
    cdef object _ids  # keeps the memory that the views look at
    cdef IntegerIds _integers
    cdef StringIds _strings
    cdef Table _table

    def __init__(self, ids, table=None):
        self._ids = ids
        self.is_integer = not isinstance(ids, tuple)
        if self.is_integer:
            self._view_integers(ids)
        else:
            self._view_strings(ids[0], ids[1])
        cdef int64_t n = self._integers.size if self.is_integer else self._strings.size
        if table is None:
            table = self._made(n)
        elif len(table) != table_size(n):
            raise DataError(f"vocabulary: a table of {len(table)} words does not fit {n} ids")
        cdef const uint64_t[::1] words = table
        self.table = table
        self._table.words = &words[0]
        self._table.size = len(words)

    cdef _view_integers(self, const int64_t[::1] values):
        self._integers.size = len(values)
        self._integers.values = &values[0] if len(values) else NULL

    cdef _view_strings(self, const uint8_t[::1] data, const int64_t[::1] offsets):
        if len(offsets) == 0 or offsets[0] != 0 or offsets[len(offsets) - 1] != len(data):
            raise DataError("vocabulary: the offsets do not fit the strings")
        self._strings.size = len(offsets) - 1
        self._strings.bytes = <const char*> &data[0] if len(data) else NULL
        self._strings.offsets = &offsets[0]

    cdef _made(self, int64_t n):
        table = np.zeros(table_size(n), np.uint64)
        cdef uint64_t[::1] words = table
        cdef int64_t repeated
        with nogil:
            if self.is_integer:
                repeated = fill_table(self._integers, &words[0])
            else:
                repeated = fill_table(self._strings, &words[0])
        if repeated >= 0:
            raise DataError(f"vocabulary: the id of row {repeated} is repeated; use from_ids")
        table.flags.writeable = False
        return table

    def find_integer(self, int64_t key):
        """Return the row of an integer, or -1."""
        return find(self._integers, self._table, key)

    def find_string(self, str key):
        """Return the row of a string, or -1."""
        cdef Py_ssize_t size
        cdef const char* data = PyUnicode_AsUTF8AndSize(key, &size)
        return find(self._strings, self._table, string_view(data, size))

    def find_integers(self, const int64_t[::1] keys):
        """Return the rows of integers, -1 for unknown ones."""
        rows = np.empty(len(keys), np.int32)
        cdef int32_t[::1] view = rows
        if len(keys):
            with nogil:
                find_all(self._integers, self._table, &keys[0], len(keys), &view[0])
        return rows

    def find_strings(self, cnp.ndarray keys):
        """Return the rows of a `StringDType` array, -1 for unknown ones."""
        rows = np.empty(len(keys), np.int32)
        cdef int32_t[::1] view = rows
        cdef vector[string_view] views = _views(keys)
        if views.size():
            with nogil:
                find_all(self._strings, self._table, views.data(), views.size(), &view[0])
        return rows


def factorize_integers(const int64_t[::1] keys):
    """Return the codes of integers and the distinct ones in increasing order."""
    codes = np.empty(len(keys), np.int32)
    cdef int32_t[::1] view = codes
    cdef IntegerStore distinct
    cdef uint64_t seed = int.from_bytes(os.urandom(8), "little")
    if len(keys):
        with nogil:
            factorize(&keys[0], len(keys), seed, &view[0], distinct)
    return codes, _integers(distinct.values)


def factorize_strings(cnp.ndarray keys):
    """Return the codes of a `StringDType` array, and the distinct strings as bytes and offsets."""
    codes = np.empty(len(keys), np.int32)
    cdef int32_t[::1] view = codes
    cdef StringStore distinct
    cdef uint64_t seed = int.from_bytes(os.urandom(8), "little")
    cdef vector[string_view] views = _views(keys)
    if views.size():
        with nogil:
            factorize(views.data(), views.size(), seed, &view[0], distinct)
    return codes, (_bytes(distinct.bytes), _integers(distinct.offsets))


def pack_strings(cnp.ndarray strings):
    """Return a `StringDType` array as UTF-8 bytes and offsets."""
    cdef StringStore packed
    for view in _views(strings):
        packed.append(view)
    return _bytes(packed.bytes), _integers(packed.offsets)


def gather_strings(
    const uint8_t[::1] data, const int64_t[::1] offsets, const int32_t[::1] rows
):
    """Return the strings of `rows` as bytes and offsets; -1 becomes the empty string."""
    cdef Py_ssize_t i
    cdef int64_t size
    new_offsets = np.zeros(len(rows) + 1, np.int64)
    cdef int64_t[::1] ends = new_offsets
    for i in range(rows.shape[0]):
        size = offsets[rows[i] + 1] - offsets[rows[i]] if rows[i] >= 0 else 0
        ends[i + 1] = ends[i] + size
    new_data = np.empty(ends[rows.shape[0]], np.uint8)
    cdef uint8_t[::1] out = new_data
    for i in range(rows.shape[0]):
        size = ends[i + 1] - ends[i]
        if size:
            memcpy(&out[ends[i]], &data[offsets[rows[i]]], size)
    return new_data, new_offsets


def unpack_strings(const uint8_t[::1] data, const int64_t[::1] offsets, const int32_t[::1] rows):
    """Return the strings of `rows` as a `StringDType` array; -1 becomes the empty string."""
    strings = np.empty(len(rows), _STRING)
    cdef cnp.ndarray array = strings
    cdef char* at = cnp.PyArray_BYTES(array)
    cdef const char* bytes_ = <const char*> &data[0] if len(data) else NULL
    cdef Py_ssize_t i
    cdef int32_t row
    cdef int failed = 0
    # The allocator is a lock: taken and given back without releasing the GIL, so no deadlock.
    cdef cnp.npy_string_allocator* allocator = cnp.NpyString_acquire_allocator(_descriptor(array))
    for i in range(rows.shape[0]):
        row = rows[i]
        if row >= 0:
            failed |= cnp.NpyString_pack(
                allocator,
                <cnp.npy_packed_static_string*> (at + i * _PACKED_SIZE),
                bytes_ + offsets[row],  # NULL + 0 if all strings are empty
                offsets[row + 1] - offsets[row],
            )
    cnp.NpyString_release_allocator(allocator)
    if failed:
        raise MemoryError
    return strings


_STRING = np.dtypes.StringDType()
cdef Py_ssize_t _PACKED_SIZE = _STRING.itemsize


cdef const cnp.PyArray_StringDTypeObject* _descriptor(cnp.ndarray array) noexcept nogil:
    return <const cnp.PyArray_StringDTypeObject*> cnp.PyArray_DESCR(array)


cdef vector[string_view] _views(cnp.ndarray strings):
    """Return views of the strings, valid as long as the array is neither freed nor written."""
    if strings.dtype.char != "T" or strings.ndim != 1 or not cnp.PyArray_IS_C_CONTIGUOUS(strings):
        raise TypeError("strings: must be a contiguous 1-D StringDType array")
    cdef vector[string_view] views
    cdef cnp.npy_static_string text
    cdef const char* at = cnp.PyArray_BYTES(strings)
    cdef Py_ssize_t i
    cdef int missing = 0
    views.reserve(len(strings))
    cdef cnp.npy_string_allocator* allocator = cnp.NpyString_acquire_allocator(
        _descriptor(strings)
    )
    for i in range(len(strings)):
        missing |= cnp.NpyString_load(
            allocator, <const cnp.npy_packed_static_string*> (at + i * _PACKED_SIZE), &text
        )
        views.push_back(string_view(text.buf, text.size))
    cnp.NpyString_release_allocator(allocator)
    if missing:
        raise DataError("ids: one is missing (None or NaN)")
    return views


cdef _bytes(const vector[char]& values):
    return np.frombuffer(values.data()[: values.size()], np.uint8)


cdef _integers(const vector[int64_t]& values):
    array = np.empty(values.size(), np.int64)
    cdef int64_t[::1] view = array
    memcpy(&view[0], values.data(), values.size() * sizeof(int64_t))
    return array
