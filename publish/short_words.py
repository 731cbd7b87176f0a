"""Short words of English and of the trade: a user name that is one of them is not looked for in running text.

A longer user name is held against the archive's own texts (see `publish.names.ordinary_words`); short ones are words so
often that a small archive cannot tell.
"""

from __future__ import annotations

ORDINARY = frozenset(
    """
    a able ace acid act ad add ads ago aid aim air all also am an and any ape app apps apt arc are area arm army art arts as ask
    asks at ate auto away axe baby back bad bag bags bake ball ban band bank bar bare barn base bat bath bay be bean bear beat bed
    bee been beer bell belt bend best bet big bike bill bin bird bit bite blow blue boat body bold bolt bone book boot born boss
    both bow bowl box boy bug bulk bull burn bus bush busy but buy buys by cab cake call calm came camp can cane cap car card care
    cart case cash cast cat cats chat chef chip city clay club coat code coin cold come cook cool copy cork corn cost cove cow crew
    crop cry cub cup cut cute dad dam dark data date dawn day days dead deal dear deck deep deer den desk did die diet dig dime
    dirt dish do dock does dog dogs doll don done door dot down draw drop drum dry duck due dug dull dust duty each ear earn ease
    east easy eat edge egg eggs ego else end ends era etc even ever evil exit eye eyes face fact fail fair fall fan far farm fast
    fat fate fax fear fed fee feed feel fees feet fell felt few file fill film find fine fire firm fish fit five fix flag flat flew
    flip flow fly foil fold folk food foot for form fort four fox free frog from fuel full fun fund fur gain game gap gas gate gave
    gear gem gems get gets gift gig girl give glad glue go goal goat god goes gold golf gone good got gray grew grey grid grip grow
    gulf gun guy guys had hair half hall ham hand hang hard harm has hat hate have he head hear heat heel held hell help hen her
    here hero herb hey hi hid high hill him hint hip hire his hit hive hold hole holy home hook hop hope horn host hot hour how
    hub huge hurt i ice icon idea if ill in inch info ink inn into iron is isle it item its ivy jade jam jar jet job jobs join joke
    joy july june jump junk jury just keen keep kept key kick kid kids kill kind king kit kite knew knit know lab labs lace lack
    lady laid lake lamb lamp land lane last late law lawn lay lazy lead leaf lean leap left leg lego lend less let lets lid lie life
    lift like lily lime limp line link lion lip list lit live load loan lock log logo lol long look loop lord lose loss lost lot
    lots loud love low luck made mail main make male mall man many map march mark mart mask mass mat mate math max may me meal
    mean meat meet men menu mess met mice mid mild mile milk mill mind mine mini mint miss mist mix mode mom mood moon more moss
    most moth move much mud mug mum must my myth nail name navy near neat neck need neo nest net new news next nice nine no node
    none noon nor nose not note noun now nut oak oath odd of off oh oil ok okay old on once one only onto open opt or oral our out
    oval oven over owl own owns pace pack page paid pain pair pal pale palm pan park part pass past path pay peak pear peer pen per
    pet pets pick pie pier pig pile pin pine pink pint pipe pit plan play plot plug plus poem poet pole poll pond pony pool poor pop
    port pose post pot pour pray prey pro pull pump pure push put quit quiz race rack raft rage rail rain ran rank rare rat rate raw
    ray read real red reed reef rely rent rest rib rice rich rid ride ring riot rise risk road rob rock rod role roll roof room root
    rope rose row ruby rude rug ruin rule run runs rush rust sack sad safe sage said sail sake sale salt same sand sane sat save saw
    say says sea seal seat see seed seek seem seen self sell sells send sent set sets sew shed ship shoe shop shot show shut sick side
    sigh sign silk sing sink sir sit site six size ski skin skip sky slip slot slow snow so soap sock soft soil sold sole some son
    song soon sort soul soup sour spa span spin spot spy star stay stem step stop sub such suit sum sun sure swap swim tab tag tail
    take tale talk tall tank tap tape tar task tax taxi tea team tear tech tell ten tend tent term test text than that the them then
    they thin this thus tide tidy tie tied tile till time tin tiny tip tips tire to toad told toll tomb ton tone too took tool tools
    top torn toss tour town toy toys tray tree trim trio trip true try tub tube tune turn twin two type ugly unit up upon urge us
    usa use used user vain van vary vast vat veil very vest via vice view vine visa void vote vow wage wait wake walk wall want war
    warm warn wars was wash wave wax way ways we weak wear web weed week well went were west wet what when whey who whom why wide
    wife wild will win wind wine wing wins wipe wire wise wish with wolf won wood wool word wore work worm worn wrap yard yarn yeah
    year yes yet you your zero zinc zip zone zoo
    mon tue wed thu fri sat sun jan feb mar apr may jun jul aug sep oct nov dec 1st 2nd 3rd 4th 5th 2day 1day 2d 3d 4k 24h 48h 24x7
    1x 2x 3x 10x am pm est pst gmt utc eu uk us ca mx de fr es br sg ny la usd eur gbp cad
    asin atoz a2z aes ai aht amz amzn api arl azon b2b b2c bil bsa c2c csba ddp ebay eis efn eof epr eta etsy faq faqs fba fbm fcc
    fedx fnsk ftc gsp gnr hq html http id ids inc ing ip isbn kdp lcl llc ltd lol mcf mfn moq mod msrp narf nda nsfe odr op osa osfe
    otd otdr ow p2p pdf po pos ppc prl pro ps q1 q2 q3 q4 rfs rma roi rss s3 sas sku skus sms sns spn ssa ssl sum svg t2 tos trx tv
    ua upc ups url usps vat vcs vip vs vtr wfs www xl xml xxl y2k zip 2fa 3pl 4pl 7zip mp3 mp4 i18n
    """.split()
)
