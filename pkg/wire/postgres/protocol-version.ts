// Protocol versions as start-up packets carry them: major in the upper 16 bits, minor in the lower.

export const PROTOCOL_3_0 = 0x0003_0000;
/** Since PostgreSQL 18; the same but for longer cancel keys. */
export const PROTOCOL_3_2 = 0x0003_0002;

export const majorOf = (version: number): number => version >>> 16;
export const minorOf = (version: number): number => version & 0xffff;
