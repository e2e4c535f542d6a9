/* Student-proposing deferred acceptance as a competent C programmer would write it: the yardstick of the kernels.
 *
 * One binary max-heap a pool, its root the worst applicant admitted; each applicant enters in turn, and whoever is
 * displaced goes on down the own list until somebody finds a seat or a list ends. Gale and Shapley (1962); one
 * applicant at a time as in McVitie and Wilson (1971).
 */
#include <stdint.h>
#include <stdlib.h>

typedef struct {
    int64_t key;
    int32_t applicant;
} entry;

static inline int worse(entry a, entry b) {
    return a.key > b.key || (a.key == b.key && a.applicant > b.applicant);
}

static void sift_up(entry *heap, int64_t at) {
    entry moved = heap[at];
    while (at > 0) {
        int64_t parent = (at - 1) / 2;
        if (!worse(moved, heap[parent])) break;
        heap[at] = heap[parent];
        at = parent;
    }
    heap[at] = moved;
}

static void sift_down(entry *heap, int64_t count) {
    entry moved = heap[0];
    int64_t at = 0, child;
    while ((child = 2 * at + 1) < count) {
        if (child + 1 < count && worse(heap[child + 1], heap[child])) child++;
        if (!worse(heap[child], moved)) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
}

/* Fills choice (n) with the index of each applicant's choice or -1, cutoff (p) with the worst admitted key of each full
 * pool; a pool with a seat left has INT64_MAX, a pool of no seats -1. Every applicant is one child. Returns the number
 * of proposals, or -1 when memory runs out. */
int64_t deferred_acceptance(int64_t n, int64_t p, const int64_t *indptr, const int32_t *pool, const int64_t *key,
                            const int64_t *seats, int64_t *choice, int64_t *cutoff) {
    int64_t proposals = 0;
    int64_t *start = malloc((p + 1) * sizeof *start);
    int64_t *count = calloc(p ? p : 1, sizeof *count);
    if (!start || !count) return -1;
    start[0] = 0;
    for (int64_t j = 0; j < p; j++) start[j + 1] = start[j] + (seats[j] < n ? seats[j] : n);
    entry *heaps = malloc((start[p] ? start[p] : 1) * sizeof *heaps);
    if (!heaps) return -1;

    for (int64_t i = 0; i < n; i++) choice[i] = indptr[i] - 1;
    for (int64_t i = 0; i < n; i++) {
        int32_t applicant = (int32_t)i;
        while (applicant >= 0) {
            int64_t c = ++choice[applicant];
            if (c == indptr[applicant + 1]) {
                choice[applicant] = -1;
                break;
            }
            proposals++;
            int32_t j = pool[c];
            entry *heap = heaps + start[j];
            entry arrival = {key[c], applicant};
            if (count[j] < seats[j]) {
                heap[count[j]] = arrival;
                sift_up(heap, count[j]++);
                break;
            }
            if (count[j] > 0 && worse(heap[0], arrival)) {
                applicant = heap[0].applicant;
                heap[0] = arrival;
                sift_down(heap, count[j]);
            }
        }
    }
    for (int64_t j = 0; j < p; j++)
        cutoff[j] = seats[j] == 0 ? -1 : count[j] < seats[j] ? INT64_MAX : heaps[start[j]].key;
    free(start);
    free(count);
    free(heaps);
    return proposals;
}
