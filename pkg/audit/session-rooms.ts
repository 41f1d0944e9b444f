// Bytes kept free for the closing record of every open session. Bounded: sessions beyond the limit have no room kept.

export class SessionRooms {
  private readonly rooms = new Map<string, number>();
  private readonly max: number;
  private bytes = 0;

  constructor(max: number) {
    this.max = max;
  }

  get reservedBytes(): number {
    return this.bytes;
  }

  add(session: string, bytes: number): void {
    this.remove(session);
    if (this.rooms.size >= this.max) return;
    this.rooms.set(session, bytes);
    this.bytes += bytes;
  }

  remove(session: string): void {
    this.bytes -= this.rooms.get(session) ?? 0;
    this.rooms.delete(session);
  }
}
