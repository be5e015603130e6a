"""The most common family names and name syllables, by which a title is believed to stand before a name; as
alternatives of an expression, longer ones first where one begins another.

Source: written for this project from common knowledge of the region: facts of language, taken from no list. In code,
not in a data file, so that a change of it is a change of the step's key.
"""

VIETNAMESE = (
    "Nguyễn|Trần|Lê|Phạm|Hoàng|Huỳnh|Phan|Vũ|Võ|Đặng|Bùi|Đỗ|Hồ|Ngô|Dương|Lý|Đinh|Đoàn|Lâm|Trịnh|Mai|Đào|Hà|Lương|Trương"
    "|Tô|Cao|Châu|Chu|Tạ|Thái|Quách|Lưu|Tăng|Phùng|Kiều|Triệu|Tống|Nghiêm|Vương|La|Từ|Thạch|Khuất|Doãn|Giang|Văn|Tôn"
)
BURMESE = (
    "အောင်|ကျော်|မြင့်|ဝင်း|ထွန်း|စိုး|လင်း|နိုင်|ဇော်|မိုး|သန်း|ခင်|လှ|စန်း|ရီ|မြ|သိန်း|တင်|မင်း|ညွန့်|ဌေး|ဖြိုး|ထက်|ကိုကို|ကြည်"
    "|သူ|ဆန်း|ငြိမ်း|ချမ်း|ခိုင်|ဇင်|မာ|နွယ်|ဝေ|ဖြူ|သက်|ရွှေ|ဟန်|ထူး|မောင်|အေး|နု|ရန်|ကြီး|ဆွေ|လွင်|သိုက်|တိုး"
)
BURMESE_LATIN = (
    "Aung|Kyaw|Myint|Win|Htun|Tun|Soe|Lin|Naing|Zaw|Moe|Than|Khin|Hla|San|Yee|Mya|Thein|Tin|Min|Nyunt|Htay|Phyo|Htet|Ko"
    "|Su|Kyi|Thu|Nyein|Chan|Khaing|Zin|Mar|Nwe|Wai|Phyu|Thet|Shwe|Han|Htoo|Maung|Aye|Nu|Yan|Swe|Lwin|Thike|Ba|Toe|Ne"
)
CHINESE = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾"
    "夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严張劉陳楊黃趙吳孫馬鄭謝許韓馮鄧蕭蔣葉蘇呂盧鍾譚陸賈鄒"
)
"""Characters of one family name each."""
