package salesforce

// describeGlobal is the answer of GET /sobjects.
type describeGlobal struct {
	SObjects []struct {
		Name                string `json:"name"`
		Label               string `json:"label"`
		Queryable           bool   `json:"queryable"`
		Createable          bool   `json:"createable"`
		DeprecatedAndHidden bool   `json:"deprecatedAndHidden"`
	} `json:"sobjects"`
}

// describeObject is what we use of GET /sobjects/NAME/describe.
type describeObject struct {
	Name          string          `json:"name"`
	Label         string          `json:"label"`
	Queryable     bool            `json:"queryable"`
	Createable    bool            `json:"createable"`
	Updateable    bool            `json:"updateable"`
	Deletable     bool            `json:"deletable"`
	Replicateable bool            `json:"replicateable"`
	Fields        []describeField `json:"fields"`
}

type describeField struct {
	Name                string          `json:"name"`
	Label               string          `json:"label"`
	Type                string          `json:"type"`
	Length              int             `json:"length"`
	Digits              int             `json:"digits"`
	Precision           int             `json:"precision"`
	Scale               int             `json:"scale"`
	Nillable            bool            `json:"nillable"`
	Createable          bool            `json:"createable"`
	Updateable          bool            `json:"updateable"`
	DefaultedOnCreate   bool            `json:"defaultedOnCreate"`
	Calculated          bool            `json:"calculated"`
	AutoNumber          bool            `json:"autoNumber"`
	Filterable          bool            `json:"filterable"`
	Sortable            bool            `json:"sortable"`
	Unique              bool            `json:"unique"`
	IDLookup            bool            `json:"idLookup"`
	CaseSensitive       bool            `json:"caseSensitive"`
	RestrictedPicklist  bool            `json:"restrictedPicklist"`
	DeprecatedAndHidden bool            `json:"deprecatedAndHidden"`
	ReferenceTo         []string        `json:"referenceTo"`
	RelationshipName    string          `json:"relationshipName"`
	PicklistValues      []picklistValue `json:"picklistValues"`
}

type picklistValue struct {
	Active bool   `json:"active"`
	Label  string `json:"label"`
	Value  string `json:"value"`
}
