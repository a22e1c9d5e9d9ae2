"""Fair races between pyrec and the libraries that one could install instead, one module a work."""

from races import als, grouping, metrics, product, reading, request, similarity, top_k

WORKS = {
    "top-k": top_k,
    "request": request,
    "als": als,
    "similarity": similarity,
    "product": product,
    "metrics": metrics,
    "grouping": grouping,
    "reading": reading,
}
SLOW = ["reading"]  # only when asked for
