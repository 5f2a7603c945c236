// Entry of the teachers' page: styles only.
import 'virtual:figures.css';
import './style/tokens.css';
import './style/page.css';
import './style/lesson.css';
import './style/print.css';
