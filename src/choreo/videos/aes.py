"""AES-128 in CBC mode, decrypted with numpy: all blocks of a fragment at the same time.

For encrypted HLS. yt-dlp without a compiled library needs half a minute a megabyte, and gives
such streams to ffmpeg, which connects past every bound of `choreo.videos.download`.
"""

import functools

import numpy as np


def _double(a):
    return ((a << 1) ^ np.where(a & 0x80, 0x1B, 0)) & 0xFF


@functools.cache
def _tables():
    """S-box (FIPS 197, 5.1.1), its inverse, and the columns of the inverse MixColumns."""
    logs, powers, value = np.zeros(256, int), np.zeros(255, int), 1
    for exponent in range(255):
        powers[exponent], logs[value] = value, exponent
        value ^= int(_double(np.int64(value)))
    inverse = np.array([0, *(powers[-logs[x] % 255] for x in range(1, 256))])
    turned = [(inverse << n | inverse >> 8 - n) & 0xFF for n in range(5)]
    box = np.bitwise_xor.reduce(turned) ^ 0x63
    back = np.argsort(box).astype(np.uint8)
    every = np.arange(256)
    two = _double(every)
    four = _double(two)
    eight = _double(four)
    column = np.stack(
        [eight ^ four ^ two, eight ^ every, eight ^ four ^ every, eight ^ two ^ every], axis=1
    ).astype(np.uint8)
    # One table a row of the state: the column, turned, as one number of four bytes.
    mixed = [
        np.ascontiguousarray(np.roll(column, row, axis=1)).view("<u4")[:, 0] for row in range(4)
    ]
    return box, back, mixed


def _round_keys(key):
    box = _tables()[0]
    words = [list(key[at : at + 4]) for at in range(0, 16, 4)]
    constant = 1
    for number in range(4, 44):
        word = list(words[-1])
        if number % 4 == 0:
            word = [int(box[byte]) for byte in word[1:] + word[:1]]
            word[0] ^= constant
            constant = int(_double(np.int64(constant)))
        words.append([a ^ b for a, b in zip(word, words[-4])])
    return np.array(words, np.uint8).reshape(11, 16)


def decrypt_cbc(data, key, iv):
    """Decrypt.

    Parameters
    ----------
    data : bytes
        A multiple of 16 bytes.
    key, iv : bytes
        16 bytes each.

    Returns
    -------
    bytes
        As long as `data`, the padding included.

    Raises
    ------
    ValueError
        Where a length is wrong.
    """
    if len(data) % 16 or len(key) != 16 or len(iv) != 16:
        raise ValueError("data of AES-128 must be whole blocks of 16 bytes, its key one block")
    _, back, mixed = _tables()
    keys = _round_keys(key)
    # Byte 4c + r of a block is row r, column c; InvShiftRows turns row r by r columns.
    shifted = np.array([(4 * ((c - r) % 4)) + r for c in range(4) for r in range(4)])
    blocks = np.frombuffer(data, np.uint8).reshape(-1, 16)
    done = np.empty_like(blocks)
    # In parts that stay in the processor's cache.
    for at in range(0, len(blocks), 4096):
        state = blocks[at : at + 4096] ^ keys[10]
        for number in range(9, 0, -1):
            state = back[state[:, shifted]] ^ keys[number]
            parts = [mixed[row][state[:, row::4]] for row in range(4)]
            words = parts[0] ^ parts[1] ^ parts[2] ^ parts[3]
            state = np.ascontiguousarray(words).view(np.uint8)
        done[at : at + 4096] = back[state[:, shifted]] ^ keys[0]
    done[1:] ^= blocks[:-1]
    done[:1] ^= np.frombuffer(iv, np.uint8)
    return done.tobytes()
