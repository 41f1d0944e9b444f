import { foundByTheFirst } from "./all.ts";
import { noneLeaks } from "./none-leaks.ts";

noneLeaks(foundByTheFirst);
