using System.Numerics;
using System.Text;
using CsCheck;
using GovChain.Core.Execution.Schemas;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Execution.Schemas;

/// <summary>
/// Goal: numbers are exact, whatever way they are written. Method: random literals against big integers scaled by a power of ten that
/// no literal goes below.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ExactNumberTest
{
    private const int Scale = 1_100;

    private static readonly Gen<string> Digits = Gen.OneOf(
        Gen.Int[0, 20].Select(i => $"{i}"), Gen.Long[0, long.MaxValue].Select(l => $"{l}"), Gen.Int[0, 12].Select(i => $"1{new string('0', i)}"),
        Gen.Int[1, 34].Select(i => new string('9', i)), Gen.Int[0, 32].Select(i => $"1{new string('0', i)}1"));

    private static readonly Gen<string> Literals = Gen.Select(
        Gen.Bool, Digits, Gen.OneOf(Gen.Const(""), Gen.Int[0, 3].Select(i => $".{new string('0', i)}5"), Gen.Int[1, 5].Select(i => $".{new string('0', i)}")),
        Gen.OneOf(Gen.Const(""), Gen.Int[-40, 40].Select(i => $"e{i}"), Gen.Int[0, 9].Select(i => $"E+{i}"), Gen.OneOf(Gen.Const("e-1000"), Gen.Const("e1000"), Gen.Const("e990"))),
        (negative, digits, fraction, exponent) => $"{(negative ? "-" : "")}{digits}{fraction}{exponent}");

    [Test]
    public void Numbers_OverRandomLiterals_CompareAndDivideAsBigIntegersDo() => Gen.Select(Literals, Literals).Sample(
        (first, second) =>
        {
            if (!TryParse(first, out ExactNumber a) || !TryParse(second, out ExactNumber b))
                return;
            (BigInteger x, BigInteger y) = (Scaled(first), Scaled(second));
            string what = $"{first} and {second}";
            Assert.That(Math.Sign(a.CompareTo(b)), Is.EqualTo(x.CompareTo(y)), what);
            Assert.That(a == b, Is.EqualTo(x == y), what);
            Assert.That(a.IsInteger, Is.EqualTo(x % BigInteger.Pow(10, Scale) == 0), what);
            if (y > 0)
                Assert.That(a.IsMultipleOf(b), Is.EqualTo(x % y == 0), what);
        }, iter: 20_000);

    [Test]
    public void Numbers_OverRandomLiterals_AreTheSameWithZerosAndAnotherExponent() => Gen.Select(Literals, Gen.Int[0, 30]).Sample(
        (literal, zeros) =>
        {
            if (literal.Contains('e', StringComparison.OrdinalIgnoreCase) || !TryParse(literal, out ExactNumber number))
                return;
            string point = literal.Contains('.', StringComparison.Ordinal) ? literal : literal + ".";
            Assert.That(TryParse($"{point}{new string('0', zeros + 1)}e0", out ExactNumber padded) && padded == number, literal);
            Assert.That(TryParse($"{point.Replace(".", "", StringComparison.Ordinal)}e-{point.Length - 1 - point.IndexOf('.', StringComparison.Ordinal)}", out ExactNumber shifted) && shifted == number, literal);
        }, iter: 5_000);

    [Test]
    public void MultipleOf_CoefficientsOfManyFactors_IsExact()
    {
        BigInteger[] factors = [1, 2, 3, 5, 7, 8, 25, 125, 1 << 20, BigInteger.Pow(5, 20), BigInteger.Pow(2, 100), BigInteger.Pow(5, 48), BigInteger.Pow(3, 60)];
        foreach (BigInteger value in factors)
        {
            foreach (BigInteger divisor in factors)
            {
                for (int shift = -3; shift <= 120; shift++)
                {
                    Assert.That(TryParse($"{value}e{shift}", out ExactNumber number) && TryParse($"{divisor}", out ExactNumber by));
                    TryParse($"{divisor}", out by);
                    bool expected = shift >= 0 ? value * BigInteger.Pow(10, shift) % divisor == 0 : value % (divisor * BigInteger.Pow(10, -shift)) == 0;
                    Assert.That(number.IsMultipleOf(by), Is.EqualTo(expected), $"{value}e{shift} by {divisor}");
                }
            }
        }
    }

    [TestCase("0", ExpectedResult = 0)]
    [TestCase("-0", ExpectedResult = 0)]
    [TestCase("2147483647", ExpectedResult = int.MaxValue)]
    [TestCase("2147483.647e3", ExpectedResult = int.MaxValue)]
    [TestCase("2147483648", ExpectedResult = null)]
    [TestCase("1e9", ExpectedResult = 1_000_000_000)]
    [TestCase("3e9", ExpectedResult = null)]
    [TestCase("1e10", ExpectedResult = null)]
    [TestCase("-1", ExpectedResult = null)]
    [TestCase("0.5", ExpectedResult = null)]
    public int? ToCount_IsTheIntegerOrNothing(string literal) => TryParse(literal, out ExactNumber number) ? number.ToCount() : -1;

    [TestCase("1200", "1200")]
    [TestCase("12e10", "12e10")]
    [TestCase("-0.050", "-0.05")]
    [TestCase("123.456", "123.456")]
    [TestCase("1e-7", "1e-7")]
    [TestCase("-0.0", "0")]
    public void ToString_IsForPeople(string literal, string shown) =>
        Assert.That(TryParse(literal, out ExactNumber number) ? number.ToString() : "", Is.EqualTo(shown));

    private static bool TryParse(string literal, out ExactNumber number) => ExactNumber.TryParse(Encoding.ASCII.GetBytes(literal), out number);

    /// <summary>A literal times ten to the power of <see cref="Scale"/>.</summary>
    private static BigInteger Scaled(string literal)
    {
        string[] parts = literal.ToLowerInvariant().Split('e');
        string[] digits = parts[0].Split('.');
        string fraction = digits.Length > 1 ? digits[1] : "";
        int exponent = (parts.Length > 1 ? int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture) : 0) - fraction.Length;
        return BigInteger.Parse(digits[0] + fraction, System.Globalization.CultureInfo.InvariantCulture) * BigInteger.Pow(10, Scale + exponent);
    }
}
