section_measure() { :; }
