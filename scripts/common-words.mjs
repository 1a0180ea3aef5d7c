// Everyday English words that the bundled student's tokenizer knows whole, beside the words of the bundled sample.
export const commonWords = `
a about above across after again against ago all almost along already also although always am among an and animal
another answer any anything are area around as ask at away back bad be because become been before began begin behind
being below best better between big black blue body book both boy bring build but by call came can car carry cat change
child children choice choices city close cold color come common could country cut day did different do does dog done
door down draw drink drive each earth eat eight end enough even ever every example explain eye face fact false family
far fast father feel feet few find fire first five fly follow food for found four friend from full game gave get girl
give go goes gold good got great green ground group grow had half hand happen hard has have he head hear heat heavy held
help her here high him his hold home horse hot hour house how hundred idea if in inside into is it its just keep kind
knew know land large last late later lead learn leave left less let letter life light like line list little live long
look lose lot low made main make man many mark may me mean men might mile mind money month more morning most mother
mountain move much must my name near need never new next night nine no north not nothing now number of off often old on
once one only open or order other our out outside over own page paper part pass people person place plan plant play
point possible predict problem put question quick rain ran reach read real reason red rest right river road rock room
round run said same saw say school sea second see seem seen sentence set seven several she ship short should show side
simple since six sleep slow small snow so some something soon sound south space stand star start state stay step still
stop story street strong such sun sure table take talk tell ten than that the their them then there these they thing
things think this those thousand three through time to today together told too took top town train travel tree true try
turn two under understand until up upon us use usually very voice wait walk want warm was water way we week well went
were what wheel when where which while white who whole why will wind with woman wood word words work world would write
year yes yet you young your zero`
  .trim()
  .split(/\s+/);

// Endings that keep an unknown form of a known word short.
export const suffixes =
  `able al ally ance ation ed en ence er ers es est ful ian ible ic ies ing ings ion ions ish ism ist
ity ive ized less ly man ment ments ness or ous ship tion tions ty ure ward`.split(/\s+/);
