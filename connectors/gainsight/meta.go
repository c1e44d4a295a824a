package gainsight

import (
	"encoding/json"
	"strconv"
	"strings"
)

// metaObject is an object as describe gives it.
type metaObject struct {
	ObjectName string      `json:"objectName"`
	Label      string      `json:"label"`
	ObjectType string      `json:"objectType"`
	KeyPrefix  string      `json:"keyPrefix"`
	Createable *flag       `json:"createable"`
	Fields     []metaField `json:"fields"`
}

// metaField is a field as describe gives it.
type metaField struct {
	FieldName string       `json:"fieldName"`
	Label     string       `json:"label"`
	DataType  string       `json:"dataType"`
	Options   []metaOption `json:"options"`
	Meta      struct {
		Properties struct {
			SourceType   string `json:"sourceType"`
			Category     string `json:"PICKLIST_CATEGORY_ID"`
			AutoSuggest  struct{ Object string }
			DefaultValue json.RawMessage `json:"defaultValue"`
		} `json:"properties"`
		Filterable     *flag  `json:"filterable"`
		Sortable       *flag  `json:"sortable"`
		Createable     flag   `json:"createable"`
		Updateable     flag   `json:"updateable"`
		Formula        flag   `json:"formulaField"`
		HasLookup      flag   `json:"hasLookup"`
		Required       flag   `json:"required"`
		Nillable       *flag  `json:"nillable"`
		ReadOnly       flag   `json:"readOnly"`
		Hidden         flag   `json:"hidden"`
		FieldGroupType string `json:"fieldGroupType"`
		DecimalPlaces  *count `json:"decimalPlaces"`
		Length         count  `json:"length"`
		LookupDetail   struct {
			LookupName    string `json:"lookupName"`
			LookupObjects []struct {
				ObjectName string `json:"objectName"`
			} `json:"lookupObjects"`
		} `json:"lookupDetail"`
	} `json:"meta"`
}

// metaOption is one item of a picklist.
type metaOption struct {
	Active     *flag  `json:"active"`
	Label      string `json:"label"`
	Value      string `json:"value"`
	SystemName string `json:"systemName"`
	Order      count  `json:"displayOrder"`
}

// flag is a boolean that may come as a text.
type flag bool

// UnmarshalJSON takes true, "true" and null.
func (f *flag) UnmarshalJSON(data []byte) error {
	*f = flag(strings.EqualFold(strings.Trim(string(data), `"`), "true"))
	return nil
}

// or is the flag, or what counts when it is not there.
func (f *flag) or(missing bool) bool {
	if f == nil {
		return missing
	}
	return bool(*f)
}

// count is a whole number that may come as a text.
type count int

// UnmarshalJSON takes 2, "2", 2.0 and null; anything else counts as 0.
func (n *count) UnmarshalJSON(data []byte) error {
	f, err := strconv.ParseFloat(strings.Trim(string(data), `"`), 64)
	if err != nil || f < 0 || f > 1<<30 {
		f = 0
	}
	*n = count(f)
	return nil
}

// listedObject is an object as the list gives it.
type listedObject struct {
	Name       string `json:"objectName"`
	Label      string `json:"label"`
	Type       string `json:"objectType"`
	Readable   *flag  `json:"readable"`
	Createable *flag  `json:"createable"`
}

// decodeObjects reads what describe answers: a list of objects, one object, or objects by name.
func decodeObjects(data json.RawMessage) ([]metaObject, error) {
	data = json.RawMessage(strings.TrimSpace(string(data)))
	if len(data) == 0 || string(data) == "null" {
		return nil, nil
	}
	if data[0] == '[' {
		var list []metaObject
		err := json.Unmarshal(data, &list)
		return list, err
	}
	var one metaObject
	if err := json.Unmarshal(data, &one); err != nil {
		return nil, err
	}
	if one.ObjectName != "" {
		return []metaObject{one}, nil
	}
	var byName map[string]json.RawMessage
	if err := json.Unmarshal(data, &byName); err != nil {
		return nil, err
	}
	var out []metaObject
	for name, raw := range byName {
		var o metaObject
		if json.Unmarshal(raw, &o) != nil || len(o.Fields) == 0 {
			continue
		}
		if o.ObjectName == "" {
			o.ObjectName = name
		}
		out = append(out, o)
	}
	return out, nil
}
