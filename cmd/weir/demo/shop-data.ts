// The shop's rows: invented people, the same at every run. Numbers stand in ranges that belong to nobody.

const people = [
  "Maya Okafor",
  "Jonas Lindqvist",
  "Priya Raman",
  "Tomás Herrera",
  "Aiko Tanaka",
  "Lena Fischer",
  "Omar Haddad",
  "Grace Mbeki",
];
const surnames = [
  "Novak",
  "Silva",
  "Kowalski",
  "Brandt",
  "Ito",
  "Moreau",
  "Ahmed",
  "Larsen",
  "Costa",
  "Weber",
  "Papadakis",
  "Quinn",
];
const cities = ["Lisbon", "Oslo", "Nairobi", "Kyoto", "Toronto", "Leipzig"];
const things: readonly (readonly [string, string, number])[] = [
  ["Espresso grinder", "kitchen", 189],
  ["Pour-over kettle", "kitchen", 64.5],
  ["Trail backpack 30 l", "outdoor", 129],
  ["Down sleeping bag", "outdoor", 239.9],
  ["Desk lamp", "home", 49],
  ["Wool blanket", "home", 89],
  ["Mechanical keyboard", "office", 149],
  ["Notebook, dotted", "office", 14.95],
];
const statuses = ["delivered", "delivered", "shipped", "packed", "returned"];

export const customerCount = 240;
export const orderCount = 3000;

type Row = Readonly<Record<string, unknown>>;
const times = (count: number, row: (index: number) => Row): readonly Row[] =>
  Array.from({ length: count }, (_, index) => row(index));
const day = (index: number) => new Date(Date.UTC(2026, 0, 1) + index * 5_400_000).toISOString();

/** Rows by table, parents first. */
export const shopData: Readonly<Record<string, readonly Row[]>> = {
  customers: times(customerCount, customer),
  products: things.map(([name, category, price], index) => ({ id: index + 1, name, category, price })),
  orders: times(orderCount, (index) => ({
    id: 10_001 + index,
    customer_id: 1 + ((index * 7919) % customerCount),
    product_id: 1 + ((index * 31) % things.length),
    quantity: 1 + (index % 3),
    status: statuses[index % statuses.length],
    placed_at: day(index),
  })),
  payments: times(orderCount, (index) => ({
    id: 50_001 + index,
    order_id: 10_001 + index,
    amount: (1 + (index % 3)) * things[(index * 31) % things.length]![2],
    method: index % 4 === 0 ? "transfer" : "card",
    paid_at: index % 9 === 0 ? null : day(index + 3),
  })),
};

function customer(index: number): Row {
  const name =
    people[index] ?? `${people[index % people.length]!.split(" ")[0]} ${surnames[(index * 5) % surnames.length]}`;
  const number = String(index + 1).padStart(4, "0");
  return {
    id: index + 1,
    name,
    email: `${plain(name)}${index < people.length ? "" : index}@example.com`,
    phone: `+1 555 01${number.slice(0, 2)} ${number.slice(2)}`,
    card: withCheckDigit(`411111${String(100_000_000 + index * 7_654_321).slice(0, 9)}`),
    ssn: `9${String(index % 100).padStart(2, "0")}-${String(10 + (index % 80))}-${number}`,
    city: cities[index % cities.length],
    profile: {
      newsletter: index % 2 === 0,
      size: "SML"[index % 3],
      kyc: { passport_no: `X${1_000_000 + index * 4241}`, checked: true },
    },
    created_at: day(index * 3),
  };
}

function plain(name: string): string {
  return name.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replaceAll(" ", ".");
}

/** ISO/IEC 7812: the last digit of a payment card's number (Luhn). */
function withCheckDigit(digits: string): string {
  let sum = 0;
  for (const [position, digit] of [...digits].reverse().entries()) {
    const doubled = Number(digit) * (position % 2 === 0 ? 2 : 1);
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return digits + ((10 - (sum % 10)) % 10);
}
