"""Exact top-10 searches of the usual tools, for benches/search.rs, which starts this and asks.

usage: search.py ROWS.npy THREADS     needs numpy; faiss-cpu, usearch, numkong and gensim where they are to be compared

ROWS.npy has unit rows in f32. The first line told is the names of the peers. Every line read is
{"peer": name, "rows": [row, ...]}: the nearest rows to a row, or for gensim's cosmul to the first two and
far from the third. The answer is one line: the milliseconds, and the rows found, the asked one left out.
"""

import json
import sys
import time

import numpy as np

path, threads = sys.argv[1], int(sys.argv[2])
rows = np.load(path)
COUNT = 10


def best(scores, count):
    found = np.argpartition(-scores, count)[:count]
    return found[np.argsort(-scores[found], kind="stable")]


def numpy_dot(asked):
    return best(rows @ rows[asked[0]], COUNT + 1)


peers = {"numpy": numpy_dot}
try:
    import faiss

    faiss.omp_set_num_threads(threads)
    flat = faiss.IndexFlatIP(rows.shape[1])
    flat.add(rows)
    peers["faiss flat"] = lambda asked: flat.search(rows[asked[0] : asked[0] + 1], COUNT + 1)[1][0]
except ImportError:
    pass
try:
    from usearch.index import MetricKind, search

    def usearch(asked):
        query = rows[asked[0] : asked[0] + 1]
        return search(rows, query, COUNT + 1, MetricKind.IP, exact=True, threads=threads).keys.ravel()

    peers["usearch exact"] = usearch
except ImportError:
    pass
try:
    import numkong

    def numkong_dot(asked):
        return best(np.asarray(numkong.dot(rows[asked[0]], rows)), COUNT + 1)

    peers["numkong"] = numkong_dot
except ImportError:
    pass
try:
    from gensim.models import KeyedVectors

    vectors = KeyedVectors(rows.shape[1])
    vectors.add_vectors([str(row) for row in range(len(rows))], rows)
    vectors.fill_norms()
    similar, cosmul = vectors.most_similar, vectors.most_similar_cosmul
    words = lambda found: [int(word) for word, _ in found]
    peers["gensim"] = lambda asked: words(similar(str(asked[0]), topn=COUNT))
    peers["gensim cosmul"] = lambda asked: words(
        cosmul(positive=[str(asked[0]), str(asked[1])], negative=[str(asked[2])], topn=COUNT)
    )
except ImportError:
    pass

print(json.dumps(list(peers)), flush=True)
for line in sys.stdin:
    job = json.loads(line)
    start = time.perf_counter()
    found = peers[job["peer"]](job["rows"])
    milliseconds = (time.perf_counter() - start) * 1e3
    found = [int(row) for row in found if int(row) not in job["rows"]][:COUNT]
    print(f"{milliseconds:.6f} {json.dumps(found)}", flush=True)
