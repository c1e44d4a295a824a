package hooks

import (
	"bytes"
	"encoding/xml"
	"errors"
	"strings"
)

// outbound is an outbound message of Salesforce, as far as it matters here.
type outbound struct {
	XMLName       xml.Name `xml:"http://schemas.xmlsoap.org/soap/envelope/ Envelope"`
	Notifications []struct {
		ID     string `xml:"Id"`
		Object struct {
			Type string `xml:"http://www.w3.org/2001/XMLSchema-instance type,attr"`
			ID   string `xml:"Id"`
		} `xml:"sObject"`
	} `xml:"Body>notifications>Notification"`
}

// parseSOAP reads an outbound message. Its notifications keep their id when they are sent again.
func parseSOAP(body []byte) (payload, error) {
	var m outbound
	if err := xml.NewDecoder(bytes.NewReader(body)).Decode(&m); err != nil {
		return payload{}, errors.New("the body is not an outbound message in XML")
	}
	if len(m.Notifications) == 0 || len(m.Notifications) > mostItems {
		return payload{}, errors.New("the outbound message holds no notification")
	}
	out := payload{soap: true}
	for _, n := range m.Notifications {
		object := n.Object.Type
		if _, local, ok := strings.Cut(object, ":"); ok {
			object = local
		}
		if object == "" || n.Object.ID == "" || len(object)+len(n.Object.ID)+len(n.ID) > mostText {
			return payload{}, errors.New("a notification names no record")
		}
		out.told = append(out.told, told{object: object, record: n.Object.ID, delivery: n.ID})
	}
	return out, nil
}

// ack is the answer without which Salesforce sends a message again for a day.
const ack = `<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse></soapenv:Body></soapenv:Envelope>
`
