// A paginated document for auditors: tagged for screen readers (PDF/UA structure), fonts embedded, contents and page numbers, tables that
// go on over pages under a repeated head. Nothing of the machine or the hour is in it, and streams are not compressed: what a compressor
// makes differs from one machine to the next, and the same pack must be the same bytes.
import { fileURLToPath } from "node:url";
import PDFDocument from "pdfkit";

const fontFile = (name: string) => fileURLToPath(import.meta.resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`));
const MARGIN = 48;
const FOOTER = 24;
const CELL_PADDING = 3;
/** Longer cells are whole in the CSV. */
const CELL_CHARS_MAX = 240;
const sizes = { title: 22, h1: 15, h2: 11, text: 9, cell: 7 } as const;
const colours = { text: "#1a1a1a", dim: "#555555", rule: "#b8b8b8", head: "#e9edf2" } as const;

export interface DocumentFacts {
  readonly title: string;
  readonly author: string;
  readonly producer: string;
  readonly madeAt: Date;
}

export interface TableColumn {
  readonly title: string;
  /** Of the width, beside the others'. */
  readonly weight: number;
}

/** Pages by heading, as the pass before found them; the contents need them before they are known. */
export type HeadingPages = ReadonlyMap<string, number>;

export class ReportDocument {
  readonly pages = new Map<string, number>();
  private readonly doc: PDFKit.PDFDocument;
  private readonly root: PDFKit.PDFStructureElement;
  private readonly facts: DocumentFacts;
  private page = 1;

  constructor(facts: DocumentFacts) {
    this.facts = facts;
    const info = { Title: facts.title, Author: facts.author, Producer: facts.producer, Creator: facts.producer };
    this.doc = new PDFDocument({
      ...{ size: "A4", layout: "landscape", margins: { top: MARGIN, bottom: MARGIN, left: MARGIN, right: MARGIN } },
      ...{ pdfVersion: "1.7", subset: "PDF/UA", tagged: true, lang: "en", displayTitle: true },
      ...{ compress: false, bufferPages: true, autoFirstPage: true, font: fontFile("DejaVuSans") },
      info: { ...info, CreationDate: facts.madeAt, ModDate: facts.madeAt },
    } as unknown as PDFKit.PDFDocumentOptions);
    this.doc.registerFont("plain", fontFile("DejaVuSans"));
    this.doc.registerFont("bold", fontFile("DejaVuSans-Bold"));
    this.doc.on("pageAdded", () => this.page++);
    this.root = this.doc.struct("Document");
    this.doc.addStructure(this.root);
  }

  title(text: string): void {
    this.block("H1", "bold", sizes.title, text, 6);
  }

  /** On a new page; named in the contents. */
  chapter(text: string): void {
    this.doc.addPage();
    this.pages.set(text, this.page);
    this.doc.addNamedDestination(text);
    this.doc.outline.addItem(text);
    this.block("H1", "bold", sizes.h1, text, 6);
  }

  heading(text: string): void {
    // A heading never stands alone at the foot of a page.
    if (this.doc.y > this.bottom - 60) this.doc.addPage();
    this.doc.moveDown(0.6);
    this.block("H2", "bold", sizes.h2, text, 3);
  }

  paragraph(text: string): void {
    this.block("P", "plain", sizes.text, text, 4);
  }

  /** Names and values below each other. */
  facts2(pairs: readonly (readonly [string, string])[]): void {
    this.table(
      [
        { title: "What", weight: 1 },
        { title: "Value", weight: 4 },
      ],
      pairs,
    );
  }

  contents(entries: readonly string[], known: HeadingPages): void {
    const toc = this.doc.struct("TOC");
    this.root.add(toc);
    for (const entry of entries) {
      const item = this.doc.struct("TOCI");
      toc.add(item);
      const link = this.doc.struct("Link");
      item.add(link);
      const y = this.doc.y;
      link.add(() => {
        this.font("plain", sizes.text);
        this.doc.text(entry, MARGIN, y, { width: this.width - 40 });
      });
      this.doc.goTo(MARGIN, y, this.width, this.doc.y - y, entry, {
        structParent: link,
        Contents: pdfText(entry),
      } as PDFKit.Mixins.AnnotationOption);
      link.end();
      const number = this.struct("Lbl", () => {
        this.font("plain", sizes.text);
        this.doc.text(String(known.get(entry) ?? 0), MARGIN + this.width - 36, y, { width: 36, align: "right" });
      });
      item.add(number);
      item.end();
      this.doc.x = MARGIN;
      this.doc.moveDown(0.25);
    }
    toc.end();
  }

  table(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): void {
    const total = columns.reduce((sum, { weight }) => sum + weight, 0);
    const widths = columns.map(({ weight }) => (weight / total) * this.width);
    const titles = columns.map(({ title }) => title);
    const table = this.doc.struct("Table");
    this.root.add(table);
    if (this.doc.y + 2 * this.rowHeight(titles, widths, "bold") > this.bottom) this.doc.addPage();
    const head = this.doc.struct("TR");
    table.add(head);
    this.row(titles, widths, { font: "bold", cell: (draw) => head.add(this.struct("TH", draw, { scope: "Column" })) });
    head.end();
    for (const cells of rows) {
      const short = cells.map(shortened);
      if (this.doc.y + this.rowHeight(short, widths, "plain") > this.bottom) {
        this.doc.addPage();
        // The same words again are decoration: a reader of the tags knows the head already.
        this.row(titles, widths, { font: "bold", cell: (draw) => this.artifact(draw) });
      }
      const line = this.doc.struct("TR");
      table.add(line);
      this.row(short, widths, { font: "plain", cell: (draw) => line.add(this.struct("TD", draw)) });
      line.end();
    }
    table.end();
    this.doc.x = MARGIN;
    this.doc.moveDown(0.5);
  }

  /** The bytes; nothing may be added any more. */
  async end(): Promise<Buffer> {
    this.root.end();
    const { start, count } = this.doc.bufferedPageRange();
    for (let at = 0; at < count; at++) {
      this.doc.switchToPage(start + at);
      this.artifact(() => this.footer(at + 1, count));
    }
    const chunks: Buffer[] = [];
    this.doc.on("data", (chunk: Uint8Array) => chunks.push(Buffer.from(chunk)));
    const ended = new Promise<void>((resolve, reject) => {
      this.doc.on("end", resolve);
      this.doc.on("error", reject);
    });
    this.doc.end();
    await ended;
    return Buffer.concat(chunks);
  }

  private get width(): number {
    return this.doc.page.width - 2 * MARGIN;
  }

  private get bottom(): number {
    return this.doc.page.height - MARGIN - FOOTER;
  }

  private font(name: "plain" | "bold", size: number): void {
    this.doc.font(name).fontSize(size).fillColor(colours.text);
  }

  private block(type: string, font: "plain" | "bold", size: number, text: string, after: number): void {
    this.font(font, size);
    if (this.doc.y + this.doc.heightOfString(text, { width: this.width }) > this.bottom) this.doc.addPage();
    this.root.add(
      this.struct(type, () => {
        this.font(font, size);
        this.doc.text(text, MARGIN, this.doc.y, { width: this.width });
      }),
    );
    this.doc.y += after;
  }

  private rowHeight(cells: readonly string[], widths: readonly number[], font: "plain" | "bold"): number {
    this.font(font, sizes.cell);
    const heights = cells.map((text, at) =>
      this.doc.heightOfString(text || " ", { width: widths[at]! - 2 * CELL_PADDING }),
    );
    return Math.max(...heights) + 2 * CELL_PADDING;
  }

  private row(cells: readonly string[], widths: readonly number[], { font, cell }: RowStyle): void {
    const height = this.rowHeight(cells, widths, font);
    const top = this.doc.y;
    this.artifact(() => {
      if (font === "bold") this.doc.rect(MARGIN, top, this.width, height).fill(colours.head);
      this.doc
        .moveTo(MARGIN, top + height)
        .lineTo(MARGIN + this.width, top + height)
        .lineWidth(0.4)
        .strokeColor(colours.rule)
        .stroke();
    });
    let left = MARGIN;
    for (const [at, text] of cells.entries()) {
      const x = left + CELL_PADDING;
      cell(() => {
        this.font(font, sizes.cell);
        this.doc.text(text || " ", x, top + CELL_PADDING, { width: widths[at]! - 2 * CELL_PADDING });
      });
      left += widths[at]!;
    }
    this.doc.x = MARGIN;
    this.doc.y = top + height;
  }

  private footer(page: number, count: number): void {
    const { margins } = this.doc.page;
    const bottom = margins.bottom;
    // Below the margin a text would begin a new page.
    margins.bottom = 0;
    this.doc.font("plain").fontSize(7).fillColor(colours.dim);
    const y = this.doc.page.height - MARGIN;
    this.doc.text(this.facts.title, MARGIN, y, { width: this.width - 100, lineBreak: false });
    this.doc.text(`Page ${page} of ${count}`, MARGIN + this.width - 100, y, {
      width: 100,
      align: "right",
      lineBreak: false,
    });
    margins.bottom = bottom;
  }

  /** As pdfkit takes it; its published types lag behind. */
  private struct(
    type: string,
    draw: () => void,
    options: { readonly scope?: string } = {},
  ): PDFKit.PDFStructureElement {
    const make = this.doc.struct.bind(this.doc) as (
      type: string,
      options: object,
      draw: () => void,
    ) => PDFKit.PDFStructureElement;
    return make(type, options, draw);
  }

  private artifact(draw: () => void): void {
    this.doc.markContent("Artifact", { type: "Layout" });
    draw();
    this.doc.endMarkedContent();
  }
}

/** pdfkit writes a plain string as a name, and a String as a text. */
function pdfText(text: string): string {
  return new String(text) as string;
}

interface RowStyle {
  readonly font: "plain" | "bold";
  readonly cell: (draw: () => void) => void;
}

function shortened(text: string): string {
  const line = text.replace(/\s+/g, " ").replace(/\p{Cc}/gu, "\u00b7");
  const characters = [...line];
  return characters.length > CELL_CHARS_MAX ? `${characters.slice(0, CELL_CHARS_MAX - 1).join("")}\u2026` : line;
}
