"""How many RSA signatures a second two threads make with `cryptography` alone, and the CPU seconds of one.

python signatures.py SECONDS
"""

import sys
import threading
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

THREADS = 2


def signed(seconds: float) -> tuple[float, float]:
    key = rsa.generate_private_key(65537, 2048)
    counts = [0] * THREADS
    used, end = time.process_time(), time.perf_counter() + seconds

    def sign(number: int) -> None:
        while time.perf_counter() < end:
            key.sign(b"keytrail", padding.PKCS1v15(), hashes.SHA256())
            counts[number] += 1

    threads = [threading.Thread(target=sign, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds, (time.process_time() - used) / sum(counts)


if __name__ == "__main__":
    print(*signed(float(sys.argv[1])))
