import { foundByAttackers } from "./all.ts";
import { noneLeaks } from "./none-leaks.ts";

noneLeaks(foundByAttackers);
