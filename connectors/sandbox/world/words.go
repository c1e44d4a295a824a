package world

// The parts of company names. The first company is always Acme.
var (
	stems = []string{"Acme", "Northwind", "Contoso", "Globex", "Initech", "Umbra", "Vandelay", "Hooli", "Stark", "Wayne",
		"O'Brien", "Müller & Söhne", "Société Lumière", "Bjørnson", "Peña", "Żubr", "D'Angelo", "Smith & Wesson", "Tyrell", "Cyberdyne",
		"Aperture", "Blue Harbor", "Redwood", "Granite", "Summit", "Lakeshore", "Meridian", "Polaris", "Borealis", "Cascade",
		"Evergreen", "Falcon", "Garnet", "Horizon", "Ironbridge", "Juniper", "Keystone", "Lantern", "Maple", "Nimbus",
		"Orchid", "Pinnacle", "Quartz", "Riverstone", "Sable", "Tidewater", "Umber", "Vertex", "Willow", "Xenon",
		"Yellowfin", "Zephyr", "Anchor", "Beacon", "Copper", "Delta", "Ember", "Foxglove", "Glacier", "Helix",
		"Indigo", "Jade", "Kestrel", "Lunar", "Magnolia", "Nova", "Opal", "Phoenix", "Quill", "Raven",
		"Sequoia", "Topaz", "Ultra", "Violet", "Wren", "Yukon", "Zenith", "Atlas", "Bravo", "Cobalt"}
	fields = []string{"", "Logistics", "Systems", "Foods", "Media", "Robotics", "Health", "Energy", "Software", "Partners",
		"Analytics", "Motors", "Retail", "Finance", "Insurance", "Labs", "Aerospace", "Textiles", "Pharma", "Networks",
		"Mining", "Security", "Travel", "Education", "Design", "Marine", "Optics", "Plastics", "Steel", "Water",
		"Cloud", "Freight", "Capital", "Studios", "Semiconductors", "Hospitality", "Agriculture", "Ventures", "Telecom", "Publishing"}
	places = []string{"", "West", "East", "North", "South", "Europe", "Asia", "Americas", "Nordic", "Iberia", "Pacific", "Atlantic", "Baltic",
		"Alpine", "Central", "Coastal", "Metro", "Valley", "Heights", "Harbour", "Canada", "Brasil", "México", "Deutschland", "France",
		"Italia", "Polska", "India", "Japan", "Australia", "Africa", "Texas"}
	// suffixes come in spellings of one thing.
	suffixes = [][]string{{"Corp", "Corporation", "Corp."}, {"Inc", "Incorporated", "Inc."}, {"Ltd", "Limited", "Ltd."}, {"LLC", "L.L.C.", "Llc"},
		{"Co", "Company", "Co."}, {"GmbH", "G.m.b.H.", "Gmbh"}, {"Group", "Grp", "GROUP"}, {"Holdings", "Holding", "Hldgs"}}

	firstNames = []string{"Ada", "Alan", "Grace", "Linus", "Margaret", "Dennis", "Barbara", "Edsger", "Frances", "Ken",
		"Radia", "Tim", "Shafi", "Donald", "Katherine", "Vint", "Sophie", "José", "Zoë", "Søren",
		"Mei", "Aisha", "Ravi", "Yuki", "Olga", "Pedro", "Fatima", "Noah", "Emma", "Liam"}
	lastNames = []string{"Lovelace", "Turing", "Hopper", "Torvalds", "Hamilton", "Ritchie", "Liskov", "Dijkstra", "Allen", "Thompson",
		"Perlman", "Berners-Lee", "Goldwasser", "Knuth", "Johnson", "Cerf", "Wilson", "García", "Nuñez", "Kierkegaard",
		"Chen", "Khan", "Patel", "Tanaka", "Ivanova", "O'Neill", "Haddad", "Meyer", "Dubois", "Lindqvist"}
	titles = []string{"VP Customer Success", "Head of Operations", "IT Manager", "Chief Information Officer", "Procurement Lead", "Product Owner",
		"Director, Finance", "System Administrator", "Analyst", "Chief Executive Officer"}
	roles = []string{"Decision Maker", "Champion", "Executive Sponsor", "Power User", "Detractor"}

	industries = []string{"Technology", "Banking", "Healthcare", "Manufacturing", "Retail", "Energy", "Education", "Media",
		"Insurance", "Transportation", "Telecommunications", "Consulting"}
	// strayIndustries are in no picklist; an import left them.
	strayIndustries = []string{"Software / SaaS", "Fin Tech", "n/a", "Hi-Tech"}

	cities = [][4]string{{"Denver", "CO", "80202", "USA"}, {"Austin", "TX", "73301", "USA"}, {"Berlin", "", "10115", "Germany"}, {"Paris", "", "75001", "France"},
		{"London", "", "EC1A", "United Kingdom"}, {"São Paulo", "SP", "01000-000", "Brazil"}, {"Toronto", "ON", "M4B", "Canada"}, {"Tokyo", "", "100-0001", "Japan"},
		{"San Francisco", "CA", "94105", "USA"}, {"New York", "NY", "10001", "USA"}, {"Kraków", "", "30-001", "Poland"}, {"Sydney", "NSW", "2000", "Australia"}}
	streets = []string{"1 Main Street", "42 Harbour Road", "500 Market St\nSuite 210", "Hauptstraße 7", "12 rue de l'Église", "9 Pine Ave"}

	ctaReasons = map[string][]string{
		"Risk":      {"Usage Drop", "Low NPS", "Sponsor Change", "Support Escalation"},
		"Renewal":   {"Upcoming Renewal", "Contract Change"},
		"Expansion": {"Seat Limit Reached", "New Use Case"},
		"Lifecycle": {"Onboarding", "Business Review"},
	}
	ctaTypes   = []string{"Risk", "Renewal", "Expansion", "Lifecycle"}
	ctaTaskDos = []string{"Review usage with the champion", "Send the adoption guide", "Book an executive call", "Prepare the renewal quote", "Check open support tickets"}
	notes      = []string{"Went through the open points; the team is content.", "They ask for single sign-on before the renewal.", "Champion has left, the new owner is not known yet.",
		"Discussed “next steps” & pricing < 10% uplift.", "No-show. Will try again next week."}
	comments = []string{"", "", "Works well for us.", "Too slow on Mondays!", "Support is great, reporting isn't.", "Nous sommes très contents."}
)
