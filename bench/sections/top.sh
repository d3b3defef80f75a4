section_top() { :; }
