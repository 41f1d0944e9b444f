// `make-image.ts FILE`: the image of the tests as an archive.
import { writeTestImage } from "./image.ts";

await writeTestImage(process.argv[2]!);
