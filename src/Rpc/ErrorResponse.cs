using System.Globalization;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using HttpRequest = Microsoft.AspNetCore.Http.HttpRequest;
using HttpResponse = Microsoft.AspNetCore.Http.HttpResponse;
using Status = Google.Rpc.Status;

namespace GovChain.Rpc;

/// <summary>
/// Answers a request that ends before a service sees it, in the form its client reads: gRPC clients get a
/// trailers-only response, others the JSON that transcoding writes for the same status.
/// </summary>
internal static class ErrorResponse
{
    private static readonly JsonFormatter Json = new(JsonFormatter.Settings.Default
        .WithTypeRegistry(TypeRegistry.FromFiles(ErrorDetailsReflection.Descriptor)));

    /// <summary>Whether the client speaks gRPC.</summary>
    public static bool IsGrpc(HttpRequest request) =>
        request.ContentType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>Writes the status and ends the response. The HTTP status follows from the code where none is given.
    /// </summary>
    public static async Task WriteAsync(HttpContext context, Status status, int? httpStatus = null)
    {
        HttpResponse response = context.Response;
        if (IsGrpc(context.Request))
        {
            response.StatusCode = StatusCodes.Status200OK;
            response.ContentType = "application/grpc";
            response.Headers["grpc-status"] = status.Code.ToString(CultureInfo.InvariantCulture);
            response.Headers["grpc-message"] = Uri.EscapeDataString(status.Message);
            response.Headers["grpc-status-details-bin"] = Convert.ToBase64String(status.ToByteArray());
            await response.CompleteAsync();
            return;
        }
        response.StatusCode = httpStatus ?? HttpStatusOf((StatusCode)status.Code);
        response.ContentType = "application/json";
        SetHeaders(context, status);
        byte[] body = Encoding.UTF8.GetBytes(Json.Format(status));
        response.ContentLength = body.Length;
        // Not RequestAborted: it may be what is being explained. The request's clock breaks off who does not read.
        await response.Body.WriteAsync(body, CancellationToken.None);
    }

    /// <summary>Says as HTTP headers what HTTP has headers for, for clients of JSON: RetryInfo, and how one shows who he is.</summary>
    public static void SetHeaders(HttpContext context, Status status)
    {
        if (context.Response.HasStarted || IsGrpc(context.Request))
            return;
        if (ErrorStatus.RetrySeconds(status) is { } seconds)
            context.Response.Headers.RetryAfter = seconds;
        if ((StatusCode)status.Code == StatusCode.Unauthenticated)
            context.Response.Headers.WWWAuthenticate = "Bearer";
    }

    /// <summary>The table of google/rpc/code.proto, which transcoding follows too.</summary>
    public static int HttpStatusOf(StatusCode code) => code switch
    {
        StatusCode.InvalidArgument or StatusCode.FailedPrecondition or StatusCode.OutOfRange => 400,
        StatusCode.Unauthenticated => 401,
        StatusCode.PermissionDenied => 403,
        StatusCode.NotFound => 404,
        StatusCode.AlreadyExists or StatusCode.Aborted => 409,
        StatusCode.ResourceExhausted => 429,
        StatusCode.Unimplemented => 501,
        StatusCode.Unavailable => 503,
        StatusCode.DeadlineExceeded => 504,
        _ => 500,
    };
}
