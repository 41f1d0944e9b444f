// Words that invented values are made of. ASCII, so that they fit every column and encoding.

const list = (text: string): readonly string[] => text.trim().split(/\s+/);

export const FIRST_NAMES = list(`
  Ada Adam Aisha Alba Alex Alma Amara Amir Andrea Anna Anton Aria Arthur Astrid Ben Bella Boris Bruno Carla Carlos Celia
  Chen Clara Daniel Daria David Dina Diego Elena Elias Elif Emil Emma Erik Eva Farah Felix Fiona Freya Gabriel Greta Hana
  Hugo Ida Igor Ines Ingrid Isaac Ivan Jana Jonas Jorge Julia Kai Karim Kira Lara Lars Leila Leo Lina Louis Lucia Maja
  Marco Maria Mateo Maya Mei Milan Mina Nadia Nico Nina Noah Nora Olga Omar Oscar Paula Pedro Petra Rafael Rania Rosa
  Ruben Sara Simon Sofia Stefan Tara Theo Tomas Uma Vera Victor Yara Yusuf Zoe`);
export const LAST_NAMES = list(`
  Abbott Adler Akram Alvarez Andersen Aoki Baker Bauer Becker Bell Berg Bianchi Blake Braun Brooks Carter Castro Chen
  Clark Cole Costa Cruz Dahl Dalton Diaz Duarte Dunn Eriksen Evans Farkas Ferrari Fischer Flores Foster Frank Garcia Gomez
  Grant Gray Haas Hahn Hansen Harper Hayes Hill Hoffman Horvat Hughes Ivanov Jansen Jensen Kaya Keller Khan Klein Koch
  Kovacs Kumar Lang Larsen Lee Lehmann Lopez Marino Martin Mason Meyer Miller Molina Moreno Morgan Nielsen Novak Okafor
  Olsen Ortiz Owens Parker Patel Perez Peters Popov Ramos Reed Reyes Rossi Roth Sato Schmidt Shaw Silva Singh Sousa Stone
  Suzuki Tanaka Torres Turner Vargas Vogel Wagner Walsh Weber West Wolf Wood Yilmaz Young Zhang`);
export const CITIES = list(`
  Ashford Birchwood Brookfield Cedarville Clearwater Eastbridge Fairview Foxborough Glenwood Greenhaven Harborview
  Hillcrest Kingsport Lakeside Lindenburg Maplewood Meadowbrook Millbrook Northgate Oakridge Pinehurst Queensbury
  Riverside Rosedale Silverton Southport Springfield Stonebridge Sunnyvale Westbrook Willowdale Woodstock`);
export const COUNTRIES = list(`
  Argentina Australia Austria Belgium Brazil Canada Chile Colombia Croatia Denmark Egypt Estonia Finland France Germany
  Ghana Greece Hungary Iceland India Ireland Italy Japan Kenya Latvia Malta Mexico Morocco Nepal Norway Peru Poland
  Portugal Romania Serbia Slovenia Spain Sweden Thailand Tunisia Uruguay Vietnam`);
export const COMPANIES = list("Group Holdings Industries Labs Logistics Partners Services Systems Trading Works");
export const STREETS = [
  "Acorn Lane",
  "Bridge Street",
  "Canal Road",
  "Chapel Street",
  "Church Road",
  "Elm Street",
  "Field Lane",
  "Forest Drive",
  "Garden Avenue",
  "Harbour Street",
  "Hill Road",
  "Lake Drive",
  "Market Square",
  "Meadow Lane",
  "Mill Road",
  "North Avenue",
  "Oak Street",
  "Orchard Road",
  "Park Avenue",
  "Pine Street",
  "River Road",
  "School Lane",
  "South Street",
  "Station Road",
  "Summer Street",
  "Valley Road",
  "Victoria Street",
  "Water Lane",
  "West Street",
  "Willow Way",
];
export const WORDS = list(`
  amber anchor apple arrow autumn bamboo beacon birch bridge bronze candle canyon cedar circle cloud copper coral cotton
  crystal daisy desert dolphin eagle ember falcon feather forest garden glacier granite harbor hazel island ivory jasmine
  lagoon lantern lemon lilac maple marble meadow mirror mountain oasis ocean olive orchid pebble pepper prairie quartz
  rainbow river saffron sailor silver spruce summit sunset thunder timber topaz valley velvet walnut willow winter`);
