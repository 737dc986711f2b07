/** Hotkey files that bittensor-wallet 4.1.1 wrote. The phrase is the one that every Substrate chain knows from its development accounts. */

/** From that phrase. */
export const PLAIN = {
  secretPhrase: 'bottom drive obey lake curtain smoke basket hold race lonely fit walk',
  ss58Address: '5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV',
  cryptoType: 1,
  secretSeed: '0xfac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e',
  privateKey:
    '0x05d65584630d16cd4af6d0bec10f34bb504a5dcb62dba2122d49f5a663763d0afd190cce74df356432b410bd64682309d6dedb27c76845daf388557cbac3ca34',
  accountId: '0x46ebddef8cd9bb167dc30878d7113b7e168e6f0646beffd77d69d39bad76b47a',
  publicKey: '0x46ebddef8cd9bb167dc30878d7113b7e168e6f0646beffd77d69d39bad76b47a',
};

/** From the path `//Alice`: there is neither phrase nor seed. */
export const FROM_URI = {
  accountId: '0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d',
  ss58Address: '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY',
  cryptoType: 1,
  privateKey:
    '0x33a6f3093f158a7109f679410bef1a0c54168145e0cecb4df006c1c2fffb1f09925a225d97aa00682d6a59b95b18780c10d7032336e88f3442b42361f4a66011',
  publicKey: '0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d',
};

/** From a seed of 32 x 07 handed over as text: the seed in the file is not hex, the private key is right. */
export const FROM_BAD_SEED = {
  publicKey: '0x7c0f469d3bd340bae718203fa30ca071a5e37c751e891dbded837b213d45d91d',
  privateKey:
    '0xa535c7bfff6f541c20d5d8c4bd3ed35ca3a5800b091545d1c98f69493907050f9c7d6db3506d65dbac7c052aaee4857425210c9bc54030c826e54055983452a5',
  cryptoType: 1,
  accountId: '0x7c0f469d3bd340bae718203fa30ca071a5e37c751e891dbded837b213d45d91d',
  secretSeed:
    '0x\u0007\u0007\u0007\u0007\u0007\u0007\u0007\u0007\u0007\u0007\u0007\u0007\u0007\u0007\u0007\u0007\u0007\u0007\u0007\u0007\u0007\u0007\u0007\u0007\u0007\u0007\u0007\u0007\u0007\u0007\u0007\u0007',
  ss58Address: '5EsNLFaGe9XK5LzWH3i6eC2Wqv6YqZS1442N1C4yeSdP6uxy',
};

/** `PLAIN` under a password. */
export const LOCKED = Buffer.from(
  `
  JE5BQ0yc9kI10wu2kNlCoyZELNGtzokD1dWujHW/CpSJMIL2Foh2tDcAM1B4o7yfht+ju8E0neYQhJVtJvTEisCwOYzjzi8e
  S8sAWzFFSoGpyp4qU/DpH3zf6gdSiYlM9/9GxihOHeZEqIPVCznDIattaDGXIwwkOT+B///tGltuZw3LIJpKFQF/Ifo7VIAZ
  arltmxwIxws4E5PRYYCdCMQdKmjLUWFnhWBTj6VXUb9fdiJ+PMdO4nmtU8sXQQmNxBMVbbAjCRzTeRFyc4A15+rNqVpniU4X
  CJBDTAtFHOqEFztmaxtxTCvMuwKS6sBLgdg5UMkmcZGFTXhMBiWwezTmm7u4VkOXmKHkYxFsZ9lmSua1ynbkHUh+xzQzoRTj
  5BNJYm6GeXmP3ZErBGpORUhGaI2KzYLAVGoSYCz/M29A7A7LRctwaPgw29INcm+qFBAyH6UcvWSHbBJDJg8UOLgB2UqiIWCP
  NG1PPXqZrZC2htT9kCxzpnI9fwW1zjmnVv4sbHFr9NPh1aCTUnDf+p6X4GmbYOfREN/CtSSiQMxM0+c4Xt3KE55zy1I2NnNR
  j2nSHUQ/Mqjjejnx2x80y9yK6kf+oT1spYGh7OwxQ282MwKFVlGNCxtQoFKXL377EqtrAP8Bqmb1kBRCgtTr4zNMlKT5n7V7
  p8BMPyeFuDKv8I2nih9CdYhuMJOAiP7LujAw+AjxjZFklyItftxGxAJ1jxThF9F3oR+j6FvU0NQ+KoHyBB7Z08CnFv9xrWQ5
  5FNiwWHyFe/tlwkDCE/5BxtPNoS7/ROinNaS
`,
  'base64',
);

export const PASSWORD = 'correct horse';
/** What libsodium derives from it for every such file. */
export const PASSWORD_KEY = Buffer.from(
  'cf96d2ee72dbd5d06fa7dd5ee0b42bba227baf46d91bd5440270663ca4f7b591',
  'hex',
);
