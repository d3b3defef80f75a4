section_aggregate() { :; }
