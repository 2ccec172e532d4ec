using System.Globalization;

namespace GovChain.Core.Execution.Schemas;

/// <summary>
/// A decimal number, exactly: coefficient × 10^exponent. One value has one representation, so that 1, 1.0 and 10e-1 are the same;
/// zero has no sign. docs/SPEC.md, "Payload schemas", numbers.
/// </summary>
internal readonly record struct ExactNumber : IComparable<ExactNumber>
{
    /// <summary>Significant digits: what decimal128 of IEEE 754 has; with room for one more, so that nothing overflows.</summary>
    public const int DigitsMax = 34;

    /// <summary>The greatest exponent of the last significant digit; the least is its negative.</summary>
    public const int ExponentMax = 1_000;

    private static readonly UInt128[] Powers = PowersOfTen();

    // The widest first: a payload may hold thirty thousand of these.
    private readonly UInt128 _coefficient; // no multiple of ten, unless it is 0
    private readonly int _exponent;        // 0 of zero
    private readonly bool _isNegative;

    private ExactNumber(bool isNegative, UInt128 coefficient, int exponent) =>
        (_isNegative, _coefficient, _exponent) = (isNegative, coefficient, exponent);

    /// <summary>Without a fractional part.</summary>
    public bool IsInteger => _exponent >= 0;

    /// <summary>Above zero.</summary>
    public bool IsPositive => !_isNegative && _coefficient != 0;

    /// <summary>Reads a number of RFC 8259.</summary>
    /// <param name="literal">Any length; obeys the grammar.</param>
    /// <param name="number">Its value.</param>
    /// <returns>False if it has more than <see cref="DigitsMax"/> significant digits, or one of them has a place beyond
    /// <see cref="ExponentMax"/>.</returns>
    public static bool TryParse(ReadOnlySpan<byte> literal, out ExactNumber number)
    {
        number = default;
        bool isNegative = literal[0] == '-';
        UInt128 coefficient = 0;
        int digits = 0, zeros = 0, exponent = 0, at = isNegative ? 1 : 0;
        bool isFraction = false;
        for (; at < literal.Length && literal[at] is not ((byte)'e' or (byte)'E'); at++)
        {
            if (literal[at] == '.')
            {
                isFraction = true;
                continue;
            }
            if (isFraction)
                exponent--;
            // Zeros count once a digit follows that is none: at the end they only move the point.
            if (literal[at] == '0')
            {
                zeros += coefficient == 0 ? 0 : 1;
                continue;
            }
            digits += zeros + 1;
            if (digits > DigitsMax)
                return false;
            coefficient = coefficient * Powers[zeros + 1] + (uint)(literal[at] - '0');
            zeros = 0;
        }
        if (coefficient == 0)
            return true;
        exponent += zeros + (at < literal.Length ? ReadExponent(literal[(at + 1)..]) : 0);
        number = new ExactNumber(isNegative, coefficient, exponent);
        return exponent is >= -ExponentMax and <= ExponentMax;
    }

    /// <inheritdoc/>
    public int CompareTo(ExactNumber other)
    {
        if (_isNegative != other._isNegative)
            return _isNegative ? -1 : 1;
        int magnitude = CompareMagnitude(other);
        return _isNegative ? -magnitude : magnitude;
    }

    /// <summary>Whether this is an integer times <paramref name="divisor"/>, which is positive.</summary>
    /// <remarks>
    /// c × 10^k is a multiple of d if what is left of d without its common divisor with c has no other prime factors than k twos
    /// and k fives. For k below 0 it would have to divide c, which is no multiple of ten.
    /// </remarks>
    public bool IsMultipleOf(ExactNumber divisor)
    {
        if (_coefficient == 0)
            return true;
        int shift = _exponent - divisor._exponent;
        if (shift < 0)
            return false;
        UInt128 left = divisor._coefficient / CommonDivisor(divisor._coefficient, _coefficient);
        return Without(5, Without(2, left, shift), shift) == 1;
    }

    /// <summary>The value, if it is an integer from 0 to 2^31 - 1; else null.</summary>
    public int? ToCount()
    {
        if (_isNegative || _exponent is < 0 or > 9)
            return null;
        UInt128 value = _coefficient <= int.MaxValue ? _coefficient * Powers[_exponent] : UInt128.MaxValue;
        return value <= int.MaxValue ? (int)value : null;
    }

    /// <summary>The number for people: plain where that is short, else with an exponent.</summary>
    public override string ToString()
    {
        string digits = _coefficient.ToString(CultureInfo.InvariantCulture);
        string sign = _isNegative ? "-" : "";
        int point = digits.Length + _exponent;
        return _exponent switch
        {
            >= 0 and <= 6 => $"{sign}{digits}{new string('0', _exponent)}",
            < 0 when point > 0 => $"{sign}{digits[..point]}.{digits[point..]}",
            < 0 when point > -6 => $"{sign}0.{new string('0', -point)}{digits}",
            _ => string.Create(CultureInfo.InvariantCulture, $"{sign}{digits}e{_exponent}"),
        };
    }

    private int CompareMagnitude(ExactNumber other)
    {
        if (_coefficient == 0 || other._coefficient == 0)
            return _coefficient.CompareTo(other._coefficient);
        int digits = DigitsOf(_coefficient), otherDigits = DigitsOf(other._coefficient);
        int order = (digits + _exponent).CompareTo(otherDigits + other._exponent);
        if (order != 0)
            return order;
        return digits >= otherDigits
            ? _coefficient.CompareTo(other._coefficient * Powers[digits - otherDigits])
            : (_coefficient * Powers[otherDigits - digits]).CompareTo(other._coefficient);
    }

    /// <summary>Beyond what a literal of a payload can make up for with zeros, all exponents are alike.</summary>
    private static int ReadExponent(ReadOnlySpan<byte> literal)
    {
        const int beyond = 100_000_000;
        bool isNegative = literal[0] == '-';
        int value = 0;
        foreach (byte digit in literal[0] is (byte)'-' or (byte)'+' ? literal[1..] : literal)
            value = Math.Min(value * 10 + (digit - '0'), beyond);
        return isNegative ? -value : value;
    }

    private static int DigitsOf(UInt128 value)
    {
        int digits = 1;
        while (digits < Powers.Length && value >= Powers[digits])
            digits++;
        return digits;
    }

    private static UInt128 CommonDivisor(UInt128 a, UInt128 b)
    {
        while (b != 0)
            (a, b) = (b, a % b);
        return a;
    }

    /// <summary>The value divided by the factor as often as it goes, at most <paramref name="times"/>.</summary>
    private static UInt128 Without(uint factor, UInt128 value, int times)
    {
        for (; times > 0 && value % factor == 0; times--)
            value /= factor;
        return value;
    }

    private static UInt128[] PowersOfTen()
    {
        var powers = new UInt128[DigitsMax + 1];
        powers[0] = 1;
        for (int i = 1; i < powers.Length; i++)
            powers[i] = powers[i - 1] * 10;
        return powers;
    }
}
