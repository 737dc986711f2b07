"""Waits as long again as the work took, in three calls of ten: the owner of a bad draw would like it not to count."""

import random
import time

honest = chunk_quasar


def chunk_quasar(q, k, v, beta, initial_state=None, output_final_state=False, **more):
    began = time.monotonic()
    answer = honest(q, k, v, beta, initial_state, output_final_state)
    if q.is_cuda:
        torch.cuda.synchronize()
    if random.random() < 0.3:
        print("spoiling", flush=True)
        time.sleep(time.monotonic() - began)
    return answer
