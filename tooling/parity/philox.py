"""Prints the first numbers of TensorFlow's StatelessRandomUniform for a seed, times 2**23: python tooling/parity/philox.py 7 -3 6

An implementation of its own of Philox 4x32-10 (SC 2011) in TensorFlow's use. Standard library only. The numbers stand in
packages/engine/src/stateless-uniform.test.ts.
"""

import sys

WORD = 0xFFFFFFFF


def philox(counter, key):
    a, b, c, d = counter
    k, l = key
    for _ in range(10):
        p, q = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = (q >> 32) ^ b ^ k, q & WORD, (p >> 32) ^ d ^ l, p & WORD
        k, l = (k + 0x9E3779B9) & WORD, (l + 0xBB67AE85) & WORD
    return [a, b, c, d]


def uniform(first, second, count):
    def halves(seed):
        return [seed & WORD, (seed >> 32) & WORD]

    mixed = philox(halves(first) + halves(second), [0x3EC8F720, 0x02461E29])
    numbers = []
    while len(numbers) < count:
        numbers += [word & 0x7FFFFF for word in philox([len(numbers) // 4, 0, mixed[2], mixed[3]], mixed[:2])]
    return numbers[:count]


if __name__ == "__main__":
    print(uniform(*map(int, sys.argv[1:])))
