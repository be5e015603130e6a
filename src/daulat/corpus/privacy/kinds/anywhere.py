"""Kinds that every country has: payment cards, passports, bank accounts."""

import re

from daulat.corpus.privacy.kinds.shape import LEFT, RIGHT, Identifier, lettered, luhn, words

_ISSUERS = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})|5[1-5][0-9]{14}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}"
    r"|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|35(?:2[89]|[3-8][0-9])[0-9]{12}|6(?:011|5[0-9]{2}|4[4-9][0-9])[0-9]{12}"
    r"|62[0-9]{14,17}"
)
_CARD = words(r"card|kartu|kad kredit|thẻ|บัตรเครดิต|บัตรเดบิต|visa|mastercard|信用卡|银行卡|ကတ်|កាត|ບັດ")
_PASSPORT = words(
    r"passport|paspor|pasport|pasaporte|หนังสือเดินทาง|พาสปอร์ต|hộ chiếu|护照|နိုင်ငံကူးလက်မှတ်|លិខិតឆ្លងដែន"
    r"|ໜັງສືຜ່ານແດນ|கடவுச்சீட்டு"
)
_ACCOUNT = words(
    r"(?:account|acct\.?|a/c) ?(?:no|number|#)|bank account|savings account|เลขที่บัญชี|เลขบัญชี|บัญชีเลขที่|หมายเลขบัญชี|บัญชีธนาคาร"
    r"|số tài khoản|\bstk\b|tài khoản số|số tk\b|rekening|\bno\.? rek\b|(?:nombor|no\.?) akaun|akaun bank|numero ng account"
    r"|银行账号|银行账户|银行帐号|账户号码|ဘဏ်စာရင်း|ဘဏ်အကောင့်|លេខគណនី|ເລກບັນຊີ|கணக்கு எண்"
)


def card(number: str) -> bool:
    """A payment card: an issuer's digits and length, and Luhn. Source: ISO/IEC 7812; ranges as the networks publish."""
    return _ISSUERS.fullmatch(number) is not None and luhn(number) and len(set(number)) > 1


KINDS = (
    Identifier("card", re.compile(rf"{LEFT}[2-6](?:[ -]?[0-9]){{13,18}}{RIGHT}"), (14, 19), card),
    Identifier("card", re.compile(rf"{LEFT}[2-6](?:[ -]?[0-9]){{12,18}}{RIGHT}"), (13, 19), card, context=_CARD),
    Identifier("passport", lettered("[EK][0-9]{7}[A-Z]"), (7, 7), country="sg", context=_PASSPORT),
    Identifier("passport", lettered("[A-Z]{1,2} ?[0-9]{6,8}|[A-Z] ?[0-9]{7} ?[A-Z]"), (6, 8), context=_PASSPORT),
    Identifier("bank_account", re.compile(rf"{LEFT}[0-9](?:[ .-]?[0-9]){{6,16}}{RIGHT}"), (7, 17), context=_ACCOUNT),
)
